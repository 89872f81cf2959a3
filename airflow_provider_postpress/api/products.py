"""LinkedIn's products. Imports nothing, since what speaks of them has often no need of the API."""

from __future__ import annotations

LINKEDIN_PRODUCTS = ("classic", "recruiter", "sales_navigator")
