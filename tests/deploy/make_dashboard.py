"""Write the dashboard of Grafana, which the chart and compose share.

    python -m tests.deploy.make_dashboard

A row of the table below is a panel. $job and $site are chosen at the head of the dashboard.
"""

import json
from dataclasses import dataclass
from itertools import count
from typing import TypeAlias

from tests.docs.pages import ROOT

PATH = ROOT / "deploy/helm/nomad-optimade-gateway/files/dashboard.json"
Json: TypeAlias = "str | int | float | bool | None | list[Json] | dict[str, Json]"

_ANSWERED = '{job=~"$job", endpoint!~"/health|/ready|/live|/metrics"}'
_SITE = '{job=~"$job", site=~"$site"}'
_SOURCE: Json = {"type": "prometheus", "uid": "${source}"}
_WIDTH, _HEIGHT = 24, 8
_JOBS = "label_values(gateway_requests_under_way, job)"
_SITES = 'label_values(gateway_site_breaker{job=~"$job"}, site)'


@dataclass(frozen=True, slots=True)
class Panel:
    """What it shows: name in the legend, and expression."""

    title: str
    unit: str
    lines: dict[str, str]
    meaning: str
    kind: str = "timeseries"
    width: int = 8
    stacked: bool = False


def _quantile(share: float, metric: str, by: str = "le") -> str:
    return f"histogram_quantile({share}, sum by ({by}) (rate({metric}[$__rate_interval])))"


def _rate(metric: str, by: str) -> str:
    return f"sum by ({by}) (rate({metric}[$__rate_interval]))"


def _share(metric: str, part: str, whole: str, by: str) -> str:
    return f"{_rate(f'{metric}{part}', by)} / {_rate(f'{metric}{whole}', by)}"


_SECONDS = f"gateway_request_seconds_bucket{_ANSWERED}"
_COUNT = f"gateway_request_seconds_count{_ANSWERED}"
_JOB = '{job=~"$job"}'
_OF_JOB = 'job=~"$job"'
_SITE_PANEL = 'job=~"$job", site=~"$site"'

ROWS: dict[str, tuple[Panel, ...]] = {
    "How it is doing": (
        Panel("Replicas that answer", "none", {"": f"sum(up{_JOB})"},
              "Of all that Prometheus knows.", "stat", 4),
        Panel("Requests a second", "reqps", {"": f"sum(rate({_COUNT}[$__rate_interval]))"},
              "Without probes and metrics.", "stat", 4),
        Panel("Failed", "percentunit",
              {"": f'sum(rate(gateway_request_seconds_count{{{_OF_JOB}, status=~"5.."}}'
                   f"[$__rate_interval])) / sum(rate({_COUNT}[$__rate_interval])) or vector(0)"},
              "Share of the answers with a status of 5xx.", "stat", 4),
        Panel("95 % are answered within", "s", {"": _quantile(0.95, _SECONDS)},
              "All endpoints together.", "stat", 4),
        Panel("Sites that do not answer", "none",
              {"": f'sum(max by (site) (gateway_site_breaker{{{_OF_JOB}, state="open"}}))'},
              "Their circuit breaker is open.", "stat", 4),
        Panel("Wrong configurations", "none",
              {"": f"count(gateway_config_last_reload_successful{_JOB} == 0) or vector(0)"},
              "Replicas that could not read the newest one.", "stat", 4),
    ),
    "Requests": (
        Panel("By endpoint", "reqps", {"{{endpoint}}": _rate(_COUNT, "endpoint")},
              "Answered requests.", stacked=True),
        Panel("By status", "reqps", {"{{status}}": _rate(_COUNT, "status")},
              "0: the client left before an answer began.", stacked=True),
        Panel("How long they take", "s",
              {"50 %": _quantile(0.5, _SECONDS), "95 %": _quantile(0.95, _SECONDS),
               "99 %": _quantile(0.99, _SECONDS)}, "Up to the end of the answer, streams too."),
        Panel("Under way and waiting", "none",
              {"under way {{instance}}": f"gateway_requests_under_way{_JOB}",
               "waiting {{instance}}": f"gateway_requests_waiting{_JOB}"},
              "Those that wait have found all slots taken."),
        Panel("Slots in use", "percentunit",
              {"{{kind}} {{instance}}":
               f"gateway_admission_slots_in_use{_JOB} / gateway_admission_slots{_JOB}"},
              "Share of admission.max_requests, max_large and max_streams."),
        Panel("Turned away", "reqps",
              {"429, {{reason}}": _rate(f"gateway_requests_refused_total{_JOB}", "reason"),
               "connection {{reason}}": _rate(f"gateway_connections_ended_total{_JOB}", "reason")},
              "Requests answered with 429, and connections ended to keep the limits."),
    ),
    "Sites": (
        Panel("State of the circuit breakers", "none",
              {"{{site}}": f'max by (site) (gateway_site_breaker{{{_SITE_PANEL}, state="open"}})'},
              "1: open, the site is asked by probes alone."),
        Panel("Requests to sites", "reqps",
              {"{{site}} {{outcome}}":
               _rate(f"gateway_site_request_seconds_count{_SITE}", "site, outcome")},
              "What the gateway costs each site.", stacked=True),
        Panel("How long sites take, 95 %", "s",
              {"{{site}}":
               _quantile(0.95, f"gateway_site_request_seconds_bucket{_SITE}", "site, le")},
              "All attempts of one request together."),
        Panel("Missing from answers", "percentunit",
              {"{{site}}": _share("gateway_site_states_total",
                                  f'{{{_SITE_PANEL}, state=~"failed|partial"}}',
                                  f'{{{_SITE_PANEL}, state!~"excluded|pruned"}}', "site")},
              "Share of the answers that should contain the site."),
        Panel("Requests in flight", "none",
              {"{{site}}": f"sum by (site) (gateway_site_requests_in_flight{_SITE})",
               "{{site}} waiting": f"sum by (site) (gateway_site_requests_waiting{_SITE})",
               "{{site}} late": f"sum by (site) (gateway_site_requests_late{_SITE})"},
              "Waiting: all that `concurrency` allows are under way. Late: no client waits."),
        Panel("Structures", "none",
              {"{{site}}": f"max by (site) (gateway_site_entries{_SITE})"}, "As last counted."),
    ),
    "Cache": (
        Panel("Answers from the cache", "percentunit",
              {"{{site}}": _share("gateway_cache_lookups_total",
                                  f'{{{_SITE_PANEL}, event=~"hit|joined|stale"}}', _SITE, "site")},
              "Share of the look-ups that need no request to the site."),
        Panel("How old they are, 95 %", "s",
              {"{{event}}":
               _quantile(0.95, f"gateway_cache_age_seconds_bucket{_JOB}", "event, le")},
              "Age of cached answers when they are used."),
        Panel("Cache in memory, and whether the cache answers", "percentunit",
              {"filled {{instance}}":
               f"gateway_cache_bytes{_JOB} / gateway_cache_limit_bytes{_JOB}",
               "answers {{instance}}": f"gateway_cache_usable{_JOB}"},
              "1: full, or answering."),
    ),
    "Copies": (
        Panel("Copies that are not served", "none",
              {"structures": f"max(gateway_copies_hidden{_JOB})",
               "uploads that several sites hold": f"max(gateway_copies_uploads{_JOB})"},
              "Another site serves them."),
        Panel("When a site was looked at", "s",
              {"{{site}}": f"max by (site) (gateway_copies_age_seconds{_SITE})"},
              "How long ago copies were last looked for there."),
    ),
    "Processes": (
        Panel("Memory", "bytes",
              {"{{instance}}": f"process_resident_memory_bytes{_JOB}",
               "answers of sites {{instance}}": f"gateway_memory_budget_bytes{_JOB}",
               "held for clients {{instance}}": f"gateway_connections_held_bytes{_JOB}"},
              "Resident, and the two parts of it that have a limit of their own."),
        Panel("Processor time", "percentunit",
              {"{{instance}}": f"rate(process_cpu_seconds_total{_JOB}[$__rate_interval])"},
              "1: one core. A worker uses one at most."),
        Panel("Delay of the event loop, 99 %", "s",
              {"{{instance}}": _quantile(0.99, f"gateway_event_loop_delay_seconds_bucket{_JOB}",
                                         "instance, le")},
              "Above 0.5 s there is too little processor time."),
        Panel("Connections and files", "percentunit",
              {"connections {{instance}}":
               f"gateway_connections{_JOB} / gateway_connections_limit{_JOB}",
               "files {{instance}}": f"process_open_fds{_JOB} / process_max_fds{_JOB}"},
              "Share of what is allowed."),
        Panel("Workers", "none", {"{{instance}}": f"gateway_workers{_JOB}"},
              "Worker processes that run."),
        Panel("Versions", "none",
              {"{{version}}, Python {{python}}":
               f"count by (version, python) (gateway_build_info{_JOB})"},
              "Replicas of each version.", "bargauge"),
    ),
}  # fmt: skip


def dashboard() -> Json:
    """The dashboard as Grafana imports it."""
    return {
        "uid": "nomad-optimade-gateway",
        "title": "NOMAD OPTIMADE gateway",
        "description": "Written by tests/deploy/make_dashboard.py.",
        "tags": ["optimade", "nomad"],
        "editable": True,
        "graphTooltip": 1,
        "schemaVersion": 41,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": []},
        "links": [],
        "templating": {"list": [_source(), _variable("job", _JOBS), _variable("site", _SITES)]},
        "panels": _panels(),
    }


def _panels() -> list[Json]:
    numbers, panels, y = count(1), list[Json](), 0
    for title, row in ROWS.items():
        place: Json = {"h": 1, "w": _WIDTH, "x": 0, "y": y}
        panels.append(
            {"id": next(numbers), "type": "row", "title": title, "collapsed": False,
             "gridPos": place, "panels": []}
        )  # fmt: skip
        y, x = y + 1, 0
        height = 4 if row[0].kind == "stat" else _HEIGHT
        for panel in row:
            if x + panel.width > _WIDTH:
                x, y = 0, y + height
            panels.append(_panel(panel, next(numbers), x=x, y=y, height=height))
            x += panel.width
        y += height
    return panels


def _panel(panel: Panel, number: int, *, x: int, y: int, height: int) -> Json:
    custom: dict[str, Json] = {"lineWidth": 1, "fillOpacity": 20 if panel.stacked else 0}
    if panel.stacked:
        custom["stacking"] = {"mode": "normal", "group": "A"}
    defaults: dict[str, Json] = {"unit": panel.unit, "min": 0}
    if panel.kind == "timeseries":
        defaults["custom"] = custom
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.meaning,
        "datasource": _SOURCE,
        "gridPos": {"h": height, "w": panel.width, "x": x, "y": y},
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": {},
        "targets": [
            {"refId": chr(ord("A") + place), "datasource": _SOURCE, "expr": expr,
             "legendFormat": legend or "__auto", "range": True, "instant": False}
            for place, (legend, expr) in enumerate(panel.lines.items())
        ],
    }  # fmt: skip


def _source() -> Json:
    return {"name": "source", "label": "Source", "type": "datasource", "query": "prometheus",
            "current": {"text": "default", "value": "default"}, "hide": 0}  # fmt: skip


def _variable(name: str, query: str) -> Json:
    return {
        "name": name,
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
        "sort": 1,
    }


if __name__ == "__main__":
    PATH.write_text(json.dumps(dashboard(), indent=1) + "\n", "utf-8")
