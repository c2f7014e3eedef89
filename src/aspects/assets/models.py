"""The shape of each kind of asset file, as Superset 6.1 imports it.

Names starting with `_` are ours: `_layout` (see layout.py), `_roles` (who may see a dashboard), `_embedded` (the id by
which other sites show it), `_security` (the rule that limits a dataset's rows) and `_values` (words that the SQL of a
dataset writes as values). So are the files in `security/`.
Sources: `superset/{databases,datasets,charts,dashboards}/schemas.py` of Superset 6.1.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Text = Annotated[str, StringConstraints(min_length=1)]
Extra = dict[str, Any] | str | None


class Asset(BaseModel):
    """What every asset file has."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    uuid: UUID
    version: Literal["1.0.0"]


class Database(Asset):
    """A connection."""

    database_name: Text
    sqlalchemy_uri: Text
    extra: dict[str, Any]
    password: str | None = None
    cache_timeout: int | None = None
    expose_in_sqllab: bool = False
    allow_run_async: bool = False
    allow_ctas: bool = False
    allow_cvas: bool = False
    allow_dml: bool = False
    allow_file_upload: bool = False
    allow_csv_upload: bool = False
    impersonate_user: bool = False
    masked_encrypted_extra: Any = None
    encrypted_extra: Any = None
    ssh_tunnel: dict[str, Any] | None = None
    configuration_method: str | None = None
    is_managed_externally: bool | None = None
    external_url: str | None = None


class Column(BaseModel):
    """A column of a dataset; `type` is the engine's name for its type."""

    model_config = ConfigDict(extra="forbid")

    column_name: Text
    verbose_name: str | None = None
    description: str | None = None
    type: str | None = None
    expression: str | None = None
    is_dttm: bool | None = False
    is_active: bool | None = True
    groupby: bool | None = True
    filterable: bool | None = True
    python_date_format: str | None = None
    datetime_format: str | None = None
    advanced_data_type: str | None = None
    extra: Extra = None


class Metric(BaseModel):
    """A named aggregate of a dataset."""

    model_config = ConfigDict(extra="forbid")

    metric_name: Text
    expression: Text
    verbose_name: str | None = None
    description: str | None = None
    metric_type: str | None = None
    d3format: str | None = None
    currency: Any = None
    warning_text: str | None = None
    extra: Extra = None


class Dataset(Asset):
    """A table, or a query that stands for one."""

    table_name: Text
    database_uuid: UUID
    columns: list[Column] = []
    metrics: list[Metric] = []
    description: str | None = None
    sql: str | None = None
    table_schema: str | None = Field(default=None, alias="schema")
    catalog: str | None = None
    main_dttm_col: str | None = None
    default_endpoint: str | None = None
    offset: int | None = 0
    cache_timeout: int | None = None
    params: Any = None
    template_params: Any = None
    filter_select_enabled: bool = True
    fetch_values_predicate: str | None = None
    extra: Extra = None
    always_filter_main_dttm: bool = False
    normalize_columns: bool = False
    currency_code_column: str | None = None
    folders: Any = None
    data: str | None = None
    data_file: str | None = None
    source_db_engine: str | None = None
    is_managed_externally: bool | None = None
    external_url: str | None = None
    security: str | None = Field(default=None, alias="_security")
    values: list[str] = Field(default=[], alias="_values")


class SecurityRule(Asset):
    """Limits the rows of the datasets that name it: `clause` is SQL over their columns, true for what may be seen.
    Whoever has a role in `exempt`, or is an administrator, sees all."""

    clause: Text
    description: Text
    exempt: list[str] = []


class Chart(Asset):
    """A chart of one dataset. `query_context` is derived from `params` when it is left out."""

    slice_name: Text
    viz_type: Text
    dataset_uuid: UUID
    params: dict[str, Any]
    description: str | None = None
    query_context: str | None = None
    cache_timeout: int | None = None
    certified_by: str | None = None
    certification_details: str | None = None
    is_managed_externally: bool | None = None
    external_url: str | None = None
    tags: list[str] | None = None


class Scope(BaseModel):
    """Which part of a dashboard a filter is for; `excluded` charts are named by file, or by number in an export."""

    model_config = ConfigDict(extra="allow")

    rootPath: list[str] = []  # noqa: N815  # Superset's name
    excluded: list[str | int] = []


class Target(BaseModel):
    """What a filter takes its choices from."""

    model_config = ConfigDict(extra="allow")

    column: dict[str, Any] = {}
    datasetUuid: str | None = None  # noqa: N815  # Superset's name


class NativeFilter(BaseModel):
    """A filter in a dashboard's filter bar, or a divider there."""

    model_config = ConfigDict(extra="allow")

    id: Text
    name: str = ""
    filterType: str = ""  # noqa: N815  # Superset's name
    targets: list[Target] = []
    scope: Scope = Scope()
    cascadeParentIds: list[str] = []  # noqa: N815  # Superset's name
    controlValues: dict[str, Any] = {}  # noqa: N815  # Superset's name


class DashboardMetadata(BaseModel):
    """What Superset keeps about a dashboard beside its layout."""

    model_config = ConfigDict(extra="allow")

    native_filter_configuration: list[NativeFilter] = []


class Dashboard(Asset):
    """A dashboard. It has either `_layout` (ours, short) or `position` (Superset's)."""

    dashboard_title: Text
    metadata: DashboardMetadata
    description: str | None = None
    slug: str | None = None
    css: str | None = None
    position: dict[str, Any] | None = None
    layout: list[Any] | None = Field(default=None, alias="_layout")
    roles: list[str] | None = Field(default=None, alias="_roles")
    embedded: UUID | None = Field(default=None, alias="_embedded")
    published: bool | None = None
    certified_by: str | None = None
    certification_details: str | None = None
    is_managed_externally: bool | None = None
    external_url: str | None = None
    tags: list[str] | None = None
    theme_uuid: UUID | None = None
    theme_id: int | None = None


MODELS: dict[str, type[Asset]] = {
    "databases": Database,
    "security": SecurityRule,
    "datasets": Dataset,
    "charts": Chart,
    "dashboards": Dashboard,
}
