"""What an observer is told is found in its metrics, with a bounded number of labels."""

from gateway.observe import (
    AppUsage,
    CacheUsage,
    ConnectionUsage,
    Observer,
    SiteUsage,
    SlotUsage,
    exposition,
)


def text_of(observer: Observer) -> str:
    return exposition(observer.families(observer.usage())).decode()


def test_usage_of_apps() -> None:
    """What apps have in use is read when it is asked for, and added up while there are two."""
    observer = Observer()
    one = AppUsage(
        {"requests": SlotUsage(3, 64)},
        memory_bytes=10,
        memory_limit_bytes=100,
        cache=CacheUsage(is_usable=True, held_bytes=7, limit_bytes=70, values=2),
        sites={"berlin": SiteUsage(4, 1)},
    )
    other = AppUsage(
        {"requests": SlotUsage(1, 64)},
        cache=CacheUsage(is_usable=False),
        sites={"berlin": SiteUsage(1, 0), "munich": SiteUsage(0, 0)},
    )
    with observer.watch(lambda: one):
        with observer.watch(lambda: other):
            both = text_of(observer)
        alone = text_of(observer)
    for line in (
        'gateway_admission_slots_in_use{kind="requests"} 4.0',
        'gateway_admission_slots{kind="requests"} 128.0',
        "gateway_memory_budget_bytes 10.0",
        "gateway_memory_budget_limit_bytes 100.0",
        "gateway_cache_bytes 7.0",
        "gateway_cache_values 2.0",
        "gateway_cache_usable 0.0",
        'gateway_site_requests_in_flight{site="berlin"} 5.0',
        'gateway_site_requests_late{site="berlin"} 1.0',
        'gateway_site_requests_in_flight{site="munich"} 0.0',
    ):
        assert f"\n{line}\n" in both
    assert "\ngateway_cache_usable 1.0\n" in alone
    assert "munich" not in alone
    assert "berlin" not in text_of(observer)
    assert "gateway_cache_usable" not in text_of(observer)  # no cache: nothing to be alarmed of


def test_usage_of_connections() -> None:
    """Connections are counted where the server beneath tells them, and are none before."""
    observer = Observer()
    assert "\ngateway_connections 0.0\n" in text_of(observer)
    observer.watch_connections(lambda: ConnectionUsage(5, 1000, 2048, 4096))
    observer.ended("idle")
    text = text_of(observer)
    for line in (
        "gateway_connections 5.0",
        "gateway_connections_limit 1000.0",
        "gateway_connections_held_bytes 2048.0",
        "gateway_connections_held_limit_bytes 4096.0",
        'gateway_connections_ended_total{reason="idle"} 1.0',
        'gateway_connections_ended_total{reason="slow"} 0.0',
    ):
        assert f"\n{line}\n" in text


def test_reloads() -> None:
    """A wrong configuration does not move the time of the last good one."""
    observer = Observer()
    good = [line for line in text_of(observer).splitlines() if "success_timestamp" in line]
    observer.worker.config_read(is_good=False)
    text = text_of(observer)
    assert "\ngateway_config_last_reload_successful 0.0\n" in text
    assert set(good) <= set(text.splitlines())
    observer.worker.config_read(is_good=True)
    assert "\ngateway_config_last_reload_successful 1.0\n" in text_of(observer)


def test_cache_age() -> None:
    """The age of a cached answer that is used is measured; a miss has none."""
    observer = Observer()
    observer.cache("berlin", "hit", 3.0)
    observer.cache("berlin", "miss")
    text = text_of(observer)
    assert 'gateway_cache_age_seconds_bucket{event="hit",le="5.0"} 1.0' in text
    assert 'gateway_cache_lookups_total{event="hit",site="berlin"} 1.0' in text
    assert 'gateway_cache_age_seconds_count{event="miss"}' not in text


def test_process_and_build() -> None:
    """Which version runs, since when, and what it takes."""
    text = text_of(Observer())
    assert "gateway_build_info{python=" in text
    assert "\ngateway_workers 1.0\n" in text
    for name in ("cpu_seconds_total", "resident_memory_bytes", "open_fds", "start_time_seconds"):
        assert f"\nprocess_{name} " in text
