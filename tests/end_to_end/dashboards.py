"""Whether what a query of Prometheus names is among the samples of a scrape."""

from __future__ import annotations

import re

import promql_parser

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
"""Samples by name and labels."""


def labels_of(samples: Samples, selector: promql_parser.VectorSelector) -> set[str]:
    """The labels of the samples that a selector selects; there has to be one."""
    wanted = {matcher.name: matcher for matcher in selector.matchers.matchers}
    found = [dict(labels) for name, labels in samples if name == selector.name]
    assert found, f"there is no metric {selector.name}"
    selected = [
        labels
        for labels in found
        if all(re.fullmatch(matcher.value, labels.get(name, "")) for name, matcher in wanted.items())
    ]
    assert selected, f"no {selector.name} has {wanted}; there are {found}"
    return set.intersection(*map(set, selected))


def check_query(samples: Samples, query: str) -> int:
    """Every metric and every label that a query names is there. Gives the number of its metrics."""
    selectors: list[promql_parser.VectorSelector] = []

    def look(part: promql_parser.Expr) -> None:
        if isinstance(part, promql_parser.MatrixSelector):
            part = part.vector_selector
        if isinstance(part, promql_parser.VectorSelector):
            selectors.append(part)
            labels_of(samples, part)
        if isinstance(part, promql_parser.AggregateExpr) and part.modifier is not None:
            below: list[promql_parser.VectorSelector] = []
            promql_parser.walk(part.expr, lambda inner: below.extend(selectors_in(inner)))
            for selector in below:
                assert set(part.modifier.labels) <= labels_of(samples, selector)

    promql_parser.walk(promql_parser.parse(query), look)
    return len(selectors)


def selectors_in(part: promql_parser.Expr) -> list[promql_parser.VectorSelector]:
    """The selector that a part of a query is, if it is one."""
    if isinstance(part, promql_parser.MatrixSelector):
        return [part.vector_selector]
    return [part] if isinstance(part, promql_parser.VectorSelector) else []
