"""Random tests take as long as the machine needs; `make quick` tries fewer examples."""

from hypothesis import HealthCheck, settings

_PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("patient", **_PATIENT)  # type: ignore[arg-type]
settings.register_profile("quick", max_examples=10, **_PATIENT)  # type: ignore[arg-type]
settings.load_profile("patient")
