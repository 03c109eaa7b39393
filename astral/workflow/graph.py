"""The line as a LangGraph: a node a stage, a batch of tests a pass, and one conditional edge back.

A node works on a whole round: a graph run for each case would cost several times the CPU (ARCHITECTURE.md, "Why a node
works on a batch").
"""

from itertools import pairwise
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from astral.domain.records import Stage
from astral.domain.run import RunStatus
from astral.workflow import nodes
from astral.workflow.context import Context
from astral.workflow.state import State

Graph = CompiledStateGraph[State, Context, State, State]


def build_graph(checkpointer: BaseCheckpointSaver[Any] | None = None) -> Graph:
    """The graph: plan → generate → execute → judge → record → (plan | report)."""
    graph = StateGraph(State, context_schema=Context)
    line = [Stage.PLAN, Stage.GENERATE, Stage.EXECUTE, Stage.JUDGE, Stage.RECORD]
    for stage in [*line, Stage.REPORT]:
        graph.add_node(stage.value, getattr(nodes, stage.value))
    graph.add_edge(START, Stage.PLAN.value)
    for before, after in pairwise(line):
        graph.add_edge(before.value, after.value)
    graph.add_conditional_edges(Stage.RECORD.value, _after_record, [Stage.PLAN.value, Stage.REPORT.value])
    graph.add_edge(Stage.REPORT.value, END)
    return graph.compile(checkpointer=checkpointer)


def _after_record(state: State) -> str:
    return Stage.PLAN.value if state["status"] == RunStatus.RUNNING else Stage.REPORT.value
