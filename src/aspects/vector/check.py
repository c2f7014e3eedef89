"""What is wrong with a configuration, found without Vector: its graph, its options and its programs."""

from __future__ import annotations

import graphlib
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from aspects.vector.configuration import Component, Configuration, Finding, Test
from aspects.vector.program import diagnose
from aspects.vector.topology import TRANSFORMS, condition, programs

_ALWAYS = {
    "sources": {"type"},
    "transforms": {"type", "inputs"},
    "sinks": {"type", "inputs", "encoding", "buffer", "acknowledgements", "batch", "request", "healthcheck", "tls"},
}
_OPTIONS = {
    "docker_logs": "auto_partial_merge docker_host exclude_containers host_key include_containers include_images"
    " include_labels multiline partial_event_marker_field retry_backoff_secs tls",
    "kubernetes_logs": "auto_partial_merge delay_deletion_ms exclude_paths_glob_patterns extra_field_selector"
    " extra_label_selector extra_namespace_label_selector fingerprint_lines glob_minimum_cooldown_ms ignore_older_secs"
    " include_paths_glob_patterns insert_namespace_fields kube_config_file max_line_bytes max_read_bytes"
    " namespace_annotation_fields node_annotation_fields oldest_first pod_annotation_fields read_from rotate_wait_secs"
    " self_node_name timezone use_apiserver_cache",
    "file": "compression data_dir exclude file_key fingerprint glob_minimum_cooldown_ms host_key idle_timeout_secs"
    " ignore_checkpoints ignore_not_found ignore_older_secs include internal_metrics line_delimiter max_line_bytes"
    " max_read_bytes multiline offset_key oldest_first path read_from remove_after_secs rotate_wait_secs timezone",
    "http_server": "address auth decoding framing headers host_key keepalive method path path_key query_parameters"
    " response_code strict_path tls",
    "remap": "drop_on_abort drop_on_error file files metric_tag_values reroute_dropped source timezone",
    "route": "reroute_unmatched route",
    "filter": "condition",
    "clickhouse": "auth batch_encoding compression database date_time_best_effort endpoint format"
    " insert_random_shard query_settings skip_unknown_fields table",
    "console": "target",
}
"""The options of the components that are known here. Source: https://vector.dev/docs/reference/configuration."""
_LIST = "./inv vector.check knows these"


def check(configuration: Configuration) -> list[Finding]:
    """Everything that is wrong, in the order of the files."""
    found = list(configuration.findings)
    for component in configuration.components.values():
        found += _options(component)
        found += _inputs(configuration, component)
        found += _compiled(component)
    found += _circles(configuration)
    for test in configuration.tests:
        found += _test(configuration, test)
    return sorted(found)


def unknown_types(configuration: Configuration) -> list[Component]:
    """Components whose options only Vector itself can check."""
    return [each for each in configuration.components.values() if each.type not in _OPTIONS]


def _options(component: Component) -> Iterator[Finding]:
    if component.room == "transforms" and component.type not in TRANSFORMS:
        fix = f"Use {', '.join(TRANSFORMS)}: others cannot be run without Vector."
        message = f"Transform {component.name!r} is of type {component.type!r}."
        yield Finding(component.file, component.line("type"), message, fix)
        return
    if component.type not in _OPTIONS:
        return
    known = _ALWAYS[component.room] | set(_OPTIONS[component.type].split())
    for option in component.options:
        if option not in known:
            near = get_close_matches(option, known, n=1)
            fix = f"Did you mean {near[0]!r}?" if near else f"{_LIST}: {', '.join(sorted(known))}."
            message = f"{component.type} has no option {option!r}."
            yield Finding(component.file, component.line(option), message, fix)


def _inputs(configuration: Configuration, component: Component) -> Iterator[Finding]:
    if component.room == "sources":
        return
    every = [name for each in configuration.components.values() if each.room != "sinks" for name in each.outputs]
    if not component.inputs:
        yield Finding(component.file, component.line(), f"{component.name!r} reads nothing.", "Name its `inputs`.")
    for number, wanted in enumerate(component.inputs):
        if "*" not in wanted and wanted not in every:
            near = get_close_matches(wanted, every, n=1)
            fix = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(sorted(every))}."
            message = f"{component.name!r} reads {wanted!r}, which no component gives."
            yield Finding(component.file, component.line("inputs", number), message, fix)


def _compiled(component: Component) -> Iterator[Finding]:
    for path, source in programs(component).items():
        if not source.strip():
            yield Finding(
                component.file, component.line(*path), f"{component.name!r} has no program.", "Write `source`."
            )
        elif said := diagnose(source):
            # A program is a block below its key, or a text beside it.
            first = component.line(*path) + ("\n" in source.strip())
            message = f"{component.name!r} does not compile: {said.message}\n{said.text}"
            yield Finding(component.file, first + said.line - 1, message, "See https://errors.vrl.dev.")


def _circles(configuration: Configuration) -> Iterator[Finding]:
    owner = {name: each.name for each in configuration.components.values() for name in each.outputs}
    graph = {
        each.name: {owner[output] for output in configuration.read_by(each) if output in owner}
        for each in configuration.of("transforms")
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        way = " → ".join(reversed(error.args[1]))
        first = configuration.components[min(error.args[1])]
        yield Finding(first.file, first.line("inputs"), f"Events go in a circle: {way}.", "Take an input away.")


def _test(configuration: Configuration, test: Test) -> Iterator[Finding]:
    outputs = {name for each in configuration.of("transforms") for name in each.outputs}
    names = {each.name for each in configuration.of("transforms")}
    named: list[tuple[tuple[str | int, ...], str, set[str]]] = [
        (("inputs", number, "insert_at"), str(each.get("insert_at")), names) for number, each in _list(test, "inputs")
    ]
    for number, each in _list(test, "outputs"):
        wanted = each.get("extract_from")
        for name in wanted if isinstance(wanted, list) else [wanted]:
            named.append((("outputs", number, "extract_from"), str(name), outputs))
        for place, entry in enumerate(each.get("conditions") or []):
            if said := diagnose(condition(entry)):
                line = test.line("outputs", number, "conditions", place)
                message = f"A condition of {test.name!r} does not compile: {said.message}\n{said.text}"
                yield Finding(test.file, line, message, "See https://errors.vrl.dev.")
    named += [
        (("no_outputs_from", number), str(name), outputs)
        for number, name in enumerate(test.options.get("no_outputs_from") or [])
    ]
    for path, name, known in named:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            fix = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(sorted(known))}."
            yield Finding(test.file, test.line(*path), f"Test {test.name!r} names {name!r}, which is not there.", fix)


def _list(test: Test, key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, each in enumerate(test.options.get(key) or []):
        if isinstance(each, dict):
            yield number, each
