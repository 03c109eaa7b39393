"""The line as a graph: the only place that knows LangGraph. Decisions lie in the stages; this is wiring."""
