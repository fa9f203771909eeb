"""A filter's tree x a site -> NOMAD's native query, exact or refused; pure."""

from gateway.plan.names import Scope
from gateway.plan.planner import Plan, SitePlan, foreign_notices, plan_sites
from gateway.plan.translation import translate

__all__ = ["Plan", "Scope", "SitePlan", "foreign_notices", "plan_sites", "translate"]
