"""What a user who is no admin may not do although the engine itself would let them.

The engine enforces grants on databases, tables, files and other servers. But it is built to run inside its
owner's
program, so a few doors have no lock: any system table, functions that read files or this very process,
settings
that carry SQL or paths, and views and dictionaries that run as somebody else. This closes them, by the
syntax tree
of the engine's own parser: lists of what is allowed where the set is known, of what is not where it is open.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from embedded_clickhouse.errors import ClickHouseError, access_denied
from embedded_clickhouse.statement import Token, tokens
from embedded_clickhouse.users import User

Tree = dict[str, Any]


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_TABLE_FUNCTIONS = _names(
    """
    numbers numbers_mt zeros zeros_mt generaterandom generateseries generate_series values view null
    input primes dictionary viewexplain viewifpermitted
    """
)
_FORBIDDEN_FUNCTIONS = _names(
    """
    file eval catboostevaluate showcertificate getclienthttpheader getserversetting getserverport
    tcpport addresstoline addresstolinewithinlines addresstosymbol demangle logtrace
    """
)
_FORBIDDEN_FAMILIES = (
    "python",
    "aigen",
    "aiem",
    "aiclass",
    "aiext",
    "aired",
    "aifil",
    "aisim",
    "aitrans",
    "filesystem",
)
_TABLE_ENGINES = _names(
    """
    memory null log tinylog stripelog set join atomic dictionary buffer
    """
)
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")

# What clients ask for to find their way, and nothing that tells of other users' doings.
_SYSTEM_TABLES = _names(
    """
    one numbers numbers_mt zeros zeros_mt databases tables columns functions settings settings_changes
    dictionaries build_options contributors data_type_families table_engines table_functions
    database_engines formats collations keywords licenses time_zones aggregate_function_combinators
    merge_tree_settings macros clusters current_roles enabled_roles data_skipping_indices projections
    parts parts_columns mutations view_refreshes replicas completions documentation errors_documentation
    processes query_log
    """
)

# These show to everybody what is their own (rewrite.py); to a user who was granted them, everything.
TRANSLATED_TABLES = frozenset({"processes", "query_log"})

_FORBIDDEN_SETTINGS = _names(
    """
    dialect allow_introspection_functions allow_custom_error_code_in_throwif implicit_select
    default_normal_view_sql_security default_materialized_view_sql_security
    """
)
# Settings whose value is text: most of them carry SQL, paths or addresses, so that these alone may be set.
_TEXT_SETTINGS = _names(
    """
    log_comment default_format count_distinct_implementation insert_deduplication_token query_cache_tag
    workload compatibility network_compression_method temporary_files_codec ignore_data_skipping_indices
    force_data_skipping_indices force_optimize_projection_name preferred_optimize_projection_name
    bool_true_representation bool_false_representation format_csv_null_representation
    format_tsv_null_representation format_custom_field_delimiter format_custom_row_before_delimiter
    format_custom_row_after_delimiter format_custom_row_between_delimiter
    format_custom_result_before_delimiter format_custom_result_after_delimiter format_regexp
    format_json_object_each_row_column_for_object_name column_names_for_schema_inference
    schema_inference_hints output_format_pretty_grid_charset output_format_avro_codec
    output_format_sql_insert_table_name input_format_mysql_dump_table_name
    iceberg_metadata_compression_method
    """
)

_PLAIN_STATEMENTS = _names(
    """
    DescribeQuery ShowCreateTableQuery ShowCreateViewQuery ShowCreateDictionaryQuery
    ShowCreateDatabaseQuery ExistsTableQuery ExistsDatabaseQuery ExistsViewQuery ExistsDictionaryQuery
    ShowGrantsQuery ShowSetting ShowSettingQuery ShowFunctions ShowFunctionsQuery ShowEngineQuery
    ShowEnginesQuery ShowIndexesQuery ShowPrivilegesQuery ShowColumnsQuery UndropQuery CheckGrantQuery
    """
)


def check_statement(tree: Tree, user: User, params: Mapping[str, str], text_settings: frozenset[str]) -> None:
    """Raise ClickHouseError when the statement does what its user may not do.

    tree: the engine's syntax tree as JSON. params: values of the query's parameters. text_settings: the
    names of all
    settings whose value is text.
    """
    inner = {p["name"]: str(p["value"]) for node in walk(tree) for p in node.get("query_parameters", ())}
    for node in walk(tree):
        kind = node.get("type")
        for key in ("table_function", "as_table_function"):
            if isinstance(function := node.get(key), dict):
                _check_table_function(str(function.get("name", "")), user)
        if kind == "Function" and node.get("kind") != "TABLE_ENGINE":
            check_function(str(node.get("name", "")), user)
        elif kind == "ColumnsApplyTransformer":
            check_function(str(node.get("func_name", "")), user)
        elif kind in ("TableIdentifier", "Identifier"):
            for values in (params, inner):
                _check_name(_parts(node, values), user, kind == "TableIdentifier")
        elif kind == "SetQuery":
            for change in node.get("changes", ()):
                check_setting(str(change["name"]), user, text_settings)
        elif kind == "CreateQuery":
            _check_create(node, user)
        elif kind == "UseQuery":
            check_database(str((node.get("database") or {}).get("name", "")), user)
        elif kind == "SQLSecurity" and node.get("security_type") == "NONE":
            raise access_denied(user.name, "ALLOW SQL SECURITY NONE ON *.*")


def walk(node: object) -> Iterator[Tree]:
    """Every node of a tree."""
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, dict):
            yield current
            pending.extend(current.values())
        elif isinstance(current, list):
            pending.extend(current)


def check_function(name: str, user: User) -> None:
    """Raise ClickHouseError for a function that reaches out of the database."""
    lowered = name.lower()
    if lowered in _FORBIDDEN_FUNCTIONS or lowered.startswith(_FORBIDDEN_FAMILIES):
        raise access_denied(user.name, "READ ON FILE" if lowered == "file" else f"{name} ON *.*")


def values_are_plain(data: bytes) -> bool:
    """Whether rows of the format Values call no function that a user may not, as far as their text can tell.

    A quoted name before a bracket counts as one that may not: its spelling hides what it is.
    """
    previous: Token | None = None
    for token in tokens(data):
        if token.text == b"(" and previous is not None:
            name = previous.text.decode("latin-1").lower()
            if previous.kind == "quoted" or name in _FORBIDDEN_FUNCTIONS or name.startswith(_FORBIDDEN_FAMILIES):
                return False
        previous = token
    return True


def check_setting(name: str, user: User, text_settings: frozenset[str]) -> None:
    """Raise ClickHouseError for a setting that only an admin may set."""
    if name in _FORBIDDEN_SETTINGS or (name in text_settings and name not in _TEXT_SETTINGS):
        raise ClickHouseError(
            452, "SETTING_CONSTRAINT_VIOLATION", f"Setting {name} should not be changed by {user.name}."
        )
    if name == "readonly" and user.readonly:
        raise ClickHouseError(164, "READONLY", "Cannot modify 'readonly' setting in readonly mode.")


def check_plain_statement(explained: str, user: User) -> None:
    """The same for the few statements that the engine can only show as text (`EXPLAIN AST`)."""
    lines = explained.splitlines()
    kind = lines[0].split(" ", 1)[0] if lines else ""
    if kind not in _PLAIN_STATEMENTS:
        raise access_denied(user.name, f"{kind.removesuffix('Query')} ON *.*")
    for line in lines[1:]:
        words = line.split()
        if words and words[0] == "Function" and len(words) > 1:
            check_function(words[1], user)
            if words[1].lower() in ("merge", "loop", "eval", "format") or words[1].lower().startswith("mergetree"):
                raise access_denied(user.name, f"{words[1]} ON *.*")


def _check_table_function(name: str, user: User) -> None:
    if name.lower() not in _TABLE_FUNCTIONS:
        raise access_denied(user.name, f"CREATE TEMPORARY TABLE, READ ON {name.upper()}")


def _parts(node: Tree, values: Mapping[str, str]) -> list[str]:
    """The parts of a name, with query parameters filled in."""
    parts = list(node.get("name_parts") or ([node["name"]] if "name" in node else []))
    given = [
        values.get(str(child.get("name")), "")
        for child in node.get("children", ())
        if child.get("type") == "QueryParameter"
    ]
    filled = [part or (given.pop(0) if given else "") for part in parts]
    return ".".join(filled).replace("`", "").replace('"', "").split(".")


def check_database(name: str, user: User) -> None:
    """Refuse `system` as the current database: its tables would go by names that tell nothing."""
    if name.lower() == "system":
        raise access_denied(user.name, "SHOW DATABASES ON system.*")


def _check_name(parts: list[str], user: User, is_table: bool) -> None:
    """Refuse a system table that is not for everybody, wherever its name stands."""
    if len(parts) < 2 or parts[0].lower() != "system":
        return
    allowed = _SYSTEM_TABLES if is_table or len(parts) > 2 else _SYSTEM_TABLES - TRANSLATED_TABLES
    if parts[1].lower() not in allowed | (user.system_tables - TRANSLATED_TABLES):
        raise access_denied(user.name, f"SELECT ON system.{parts[1]}")


def _check_create(node: Tree, user: User) -> None:
    storage = node.get("storage")
    engine = storage.get("engine") if isinstance(storage, dict) else None
    if isinstance(engine, dict):
        name = str(engine.get("name", ""))
        if name.lower() not in _TABLE_ENGINES and not name.endswith("MergeTree"):
            raise access_denied(user.name, f"TABLE ENGINE ON {name}")
    if str(node.get("as_database", "")).lower() == "system":
        _check_name(["system", str(node.get("as_table", ""))], user, is_table=True)
    dictionary = node.get("dictionary")
    source = dictionary.get("source") if isinstance(dictionary, dict) else None
    if isinstance(source, dict):
        _check_dictionary_source(source, user)


def _check_dictionary_source(source: Tree, user: User) -> None:
    """A dictionary reads as the user in its source: it has to name one, by password, and this server."""
    name = str(source.get("name", "")).lower()
    if name == "null":
        return
    pairs = source.get("elements", {}).get("children", ())
    facts = {str(pair.get("first", "")).lower(): pair.get("second", {}).get("value", {}) for pair in pairs}
    values = {key: str(value.get("value", "")) for key, value in facts.items() if isinstance(value, dict)}
    if name != "clickhouse" or values.get("host", "localhost") not in _LOCAL_HOSTS:
        raise access_denied(user.name, f"READ ON {'REMOTE' if name == 'clickhouse' else name.upper()}")
    if values.get("user", "default") == "default":
        raise ClickHouseError(
            516,
            "AUTHENTICATION_FAILED",
            f"default: Authentication failed. Give the dictionary's source a user and its password, like "
            f"source(clickhouse(user '{user.name}' password '…' …)).",
        )
