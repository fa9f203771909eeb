"""The whole configuration: all sections, where they come from, and the sites made of them."""

from collections import Counter
from functools import cached_property
from typing import Self

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from gateway.config.keys import (
    CHARACTER_BYTES,
    CacheKeys,
    FilterKeys,
    PagingKeys,
    ProviderKeys,
    TimeoutKeys,
)
from gateway.config.server_keys import (
    AdmissionKeys,
    ConnectionKeys,
    LoggingKeys,
    NativeKeys,
    ServerKeys,
)
from gateway.config.site_keys import CopyKeys, SiteDefaultKeys, SiteKeys
from gateway.model import Site


class Config(BaseSettings):
    """The whole configuration; `GATEWAY_<SECTION>__<KEY>` in the environment overrides the file."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix="GATEWAY_",
        env_prefix_target="all",
        env_nested_delimiter="__",
        env_parse_none_str="null",
        validate_default=False,
    )

    provider: ProviderKeys = Field(description=ProviderKeys.__doc__)
    site_list: tuple[SiteKeys, ...] = Field(
        alias="sites", description="The sites to query, in any order."
    )
    server: ServerKeys = Field(default=ServerKeys(), description=ServerKeys.__doc__)
    paging: PagingKeys = Field(default=PagingKeys(), description=PagingKeys.__doc__)
    filters: FilterKeys = Field(default=FilterKeys(), description=FilterKeys.__doc__)
    timeouts: TimeoutKeys = Field(default=TimeoutKeys(), description=TimeoutKeys.__doc__)
    site_defaults: SiteDefaultKeys = Field(
        default=SiteDefaultKeys(), description=SiteDefaultKeys.__doc__
    )
    copies: CopyKeys = Field(default=CopyKeys(), description=CopyKeys.__doc__)
    cache: CacheKeys = Field(default=CacheKeys(), description=CacheKeys.__doc__)
    admission: AdmissionKeys = Field(default=AdmissionKeys(), description=AdmissionKeys.__doc__)
    connections: ConnectionKeys = Field(
        default=ConnectionKeys(), description=ConnectionKeys.__doc__
    )
    native: NativeKeys = Field(default=NativeKeys(), description=NativeKeys.__doc__)
    logging: LoggingKeys = Field(default=LoggingKeys(), description=LoggingKeys.__doc__)

    @classmethod
    def settings_customise_sources(  # pydantic-settings calls it so, by position and by name
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment overrides the file, whose content comes as arguments."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings

    @field_validator("site_list")
    @classmethod
    def _sites_differ(cls, sites: tuple[SiteKeys, ...]) -> tuple[SiteKeys, ...]:
        if not sites:
            raise ValueError("at least one site is needed")
        for what, values in (("name", [s.name for s in sites]), ("url", [s.url for s in sites])):
            twice = [value for value, times in Counter(values).items() if times > 1]
            if twice:
                raise ValueError(f"two sites have the same {what}: {', '.join(map(repr, twice))}")
        return sites

    @field_validator("native")
    @classmethod
    def _auth_site_is_known(cls, native: NativeKeys, info: ValidationInfo) -> NativeKeys:
        sites: tuple[SiteKeys, ...] = info.data.get("site_list", ())
        if native.auth_site is None or not sites:
            return native
        named = [site for site in sites if site.name == native.auth_site]
        if not named:
            raise ValueError(f"auth_site names no site: {native.auth_site!r}")
        if not named[0].forward_token:
            raise ValueError(
                f"auth_site {native.auth_site!r} needs forward_token: true at that site, as "
                "callers' tokens go there"
            )
        return native

    @model_validator(mode="after")
    def _preferred_sites_exist(self) -> Self:
        names = [site.name for site in self.site_list]
        for name in self.copies.prefer:
            if name not in names:
                raise ValueError(
                    f"copies.prefer names {name!r}, which is not among the sites "
                    f"({', '.join(names)})"
                )
        return self

    @model_validator(mode="after")
    def _the_longest_filter_can_be_sent(self) -> Self:
        longest, most = self.filters.length, self.connections.max_held_bytes
        if longest * CHARACTER_BYTES > most:
            raise ValueError(
                f"filters.length ({longest}): a filter of so many characters takes up to "
                f"{longest * CHARACTER_BYTES} bytes of a request, which is more than "
                f"connections.max_held_bytes ({most})"
            )
        return self

    @cached_property
    def sites(self) -> tuple[Site, ...]:
        """The sites as all steps know them, defaults filled in."""
        return tuple(self._site(keys) for keys in self.site_list)

    def site(self, name: str) -> Site | None:
        """The site of that name; None: there is no such site."""
        return next((site for site in self.sites if site.name == name), None)

    def _site(self, keys: SiteKeys) -> Site:
        waits, defaults = self.timeouts, self.site_defaults
        return Site(
            name=keys.name,
            url=keys.url,
            title=keys.title or keys.name,
            description=keys.description,
            homepage=keys.homepage,
            connect_s=keys.connect_s or waits.connect_s,
            answer_s=keys.site_s or waits.site_s,
            concurrency=keys.concurrency or defaults.concurrency,
            rate_per_s=keys.rate_per_s or defaults.rate_per_s,
            attempts=keys.attempts or defaults.attempts,
            max_answer_bytes=keys.max_answer_bytes or defaults.max_answer_bytes,
            token=keys.token(),
            forward_token=keys.forward_token,
            ca_file=keys.ca_file,
            proxy=keys.proxy,
        )
