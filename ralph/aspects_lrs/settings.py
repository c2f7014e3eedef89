"""Where ClickHouse is: the settings of Ralph's own ClickHouse backend, under our name."""

from __future__ import annotations

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """`RALPH_BACKENDS__LRS__ASPECTS__HOST` and so on."""

    model_config = SettingsConfigDict(env_prefix="RALPH_BACKENDS__LRS__ASPECTS__", extra="ignore")

    HOST: str = "localhost"
    PORT: int = 8123
    SECURE: bool = False
    USERNAME: str = "default"
    PASSWORD: str = ""

    @property
    def url(self) -> str:
        return f"{'https' if self.SECURE else 'http'}://{self.HOST}:{self.PORT}"
