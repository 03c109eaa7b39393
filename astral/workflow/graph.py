"""A run as a LangGraph: the line until there is a reason to stop, then the report.

The line is one node, in which tests overtake each other (`line.py`): a graph run for each case would cost several times
the CPU, and a node for each stage would keep all tests waiting for the slowest (ARCHITECTURE.md, "How a run goes").
"""

from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from astral.domain.records import Stage
from astral.workflow import nodes
from astral.workflow.context import Context
from astral.workflow.state import State

Graph = CompiledStateGraph[State, Context, State, State]
LINE = "line"


def build_graph(checkpointer: BaseCheckpointSaver[Any] | None = None) -> Graph:
    """The graph: line → report."""
    graph = StateGraph(State, context_schema=Context)
    graph.add_node(LINE, nodes.line)
    graph.add_node(Stage.REPORT.value, nodes.report)
    graph.add_edge(START, LINE)
    graph.add_edge(LINE, Stage.REPORT.value)
    graph.add_edge(Stage.REPORT.value, END)
    return graph.compile(checkpointer=checkpointer)
