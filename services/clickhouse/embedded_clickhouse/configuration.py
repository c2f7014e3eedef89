"""The engine's own configuration: users and roles it enforces, caches, pools and logs, as XML."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from xml.sax.saxutils import escape

from embedded_clickhouse.users import User

# Small caches and few background threads, for a laptop. Merges take the most memory beside queries: one at a time, of
# few parts and in small blocks, they keep a large insert within 200 MB.
_SERVER = """<clickhouse>
  <users_config>{users}</users_config>
  <timezone>UTC</timezone>
  <ignore_empty_sql_security_in_create_view_query>0</ignore_empty_sql_security_in_create_view_query>
  <mark_cache_size>33554432</mark_cache_size>
  <index_mark_cache_size>8388608</index_mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_uncompressed_cache_size>0</index_uncompressed_cache_size>
  <primary_index_cache_size>33554432</primary_index_cache_size>
  <mmap_cache_size>64</mmap_cache_size>
  <compiled_expression_cache_size>16777216</compiled_expression_cache_size>
  <max_thread_pool_size>512</max_thread_pool_size>
  <max_thread_pool_free_size>16</max_thread_pool_free_size>
  <thread_pool_queue_size>1000</thread_pool_queue_size>
  <background_pool_size>1</background_pool_size>
  <background_merges_mutations_concurrency_ratio>1</background_merges_mutations_concurrency_ratio>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <background_processing_pool_task_sleep_seconds_when_no_work_random_part>0.01</background_processing_pool_task_sleep_seconds_when_no_work_random_part>
  <background_processing_pool_thread_sleep_seconds_random_part>0.01</background_processing_pool_thread_sleep_seconds_random_part>
  <background_processing_pool_thread_sleep_seconds_if_nothing_to_do>0.01</background_processing_pool_thread_sleep_seconds_if_nothing_to_do>
  <background_common_pool_size>2</background_common_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_buffer_flush_schedule_pool_size>1</background_buffer_flush_schedule_pool_size>
  <background_message_broker_schedule_pool_size>1</background_message_broker_schedule_pool_size>
  <background_distributed_schedule_pool_size>1</background_distributed_schedule_pool_size>
  <merge_tree>
    <max_bytes_to_merge_at_max_space_in_pool>4294967296</max_bytes_to_merge_at_max_space_in_pool>
    <merge_max_block_size>2048</merge_max_block_size>
    <merge_max_block_size_bytes>1048576</merge_max_block_size_bytes>
    <max_parts_to_merge_at_once>5</max_parts_to_merge_at_once>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
  <query_log>
    <database>system</database>
    <table>query_log</table>
    <partition_by>toYYYYMM(event_date)</partition_by>
    <ttl>event_date + interval 3 day delete</ttl>
    <flush_interval_milliseconds>1000</flush_interval_milliseconds>
    <max_size_rows>65536</max_size_rows>
    <reserved_size_rows>512</reserved_size_rows>
    <buffer_size_rows_flush_threshold>4096</buffer_size_rows_flush_threshold>
  </query_log>
</clickhouse>
"""


def write_configuration(folder: Path, users: Iterable[User]) -> Path:
    """Write the engine's config.xml and users.xml into `folder` and return the path of the first.

    The engine knows each user as a role, and as a user of the same name that views and dictionaries can be
    owned by. Both files are readable by their owner alone.
    """
    users = list(users)
    folder.mkdir(parents=True, exist_ok=True)
    users_path, server_path = folder / "users.xml", folder / "config.xml"
    _write_private(users_path, _users_xml(users))
    _write_private(server_path, _SERVER.format(users=escape(str(users_path))))
    return server_path


def _write_private(path: Path, text: str) -> None:
    path.touch(mode=0o600, exist_ok=True)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")


def _users_xml(users: list[User]) -> str:
    roles = "".join(f"<{u.role}><grants>{_queries(_role_grants(u))}</grants></{u.role}>" for u in users)
    # Connections start as `default` with every role; the server narrows each to one role before first use.
    every_role = _queries([f"GRANT {user.role}" for user in users])
    default = f"<default><password></password>{_ENTRY}<grants>{every_role}</grants></default>"
    named = "".join(_named_user(user) for user in users)
    return (
        "<clickhouse><profiles><default></default></profiles><quotas><default></default></quotas>"
        f"<roles>{roles}</roles><users>{default}{named}</users></clickhouse>\n"
    )


def _role_grants(user: User) -> list[str]:
    """The user's grants, leave to create views that run as the user, and to look up what system tables hold."""
    return [*user.grant_statements(), f"GRANT SET DEFINER ON {user.name}", "GRANT SHOW COLUMNS ON system.*"]


_ENTRY = "<networks><ip>::1</ip><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota>"


def _named_user(user: User) -> str:
    digest = hashlib.sha256(user.password.encode()).hexdigest()
    grants = _queries([f"GRANT {user.role}"])
    return (
        f"<{user.name}><password_sha256_hex>{digest}</password_sha256_hex>{_ENTRY}"
        f"<grants>{grants}</grants></{user.name}>"
    )


def _queries(statements: Iterable[str]) -> str:
    return "".join(f"<query>{escape(statement)}</query>" for statement in statements)
