# make demo            see it work: a real Airflow, an emulated Postpress that misbehaves, two to three minutes
# make demo SERVE=1    the same, and Airflow stays up to be looked at
# make soak            nothing is lost though requests fail and processes are killed; about an hour
# make soak SHORT=1    the same in a few minutes; EXECUTOR=celery: with Celery. Also SEED=, ACCOUNTS=, WINDOWS=, CALM=1
# make bench           what this package costs beside its peers, as docs/benchmarks.md has it; QUICK=1: in a few minutes
# make test            all tests; those in a browser need Chromium, and are skipped without
# make versions        all tests on the last release of each supported Airflow; one with AIRFLOW=3.1, a part with SUITE=live
# make lint            format, lint, types, layers
# make clean           remove all that these made

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)

.PHONY: help demo soak bench test versions lint clean
.SILENT:

help:
	sed -n 's/^# make/make/p' Makefile

demo: .demo/venv/ready
	PYTHONPYCACHEPREFIX=$(CURDIR)/.demo/pycache .demo/venv/bin/python -m demo $(if $(SERVE),--serve)

soak: .soak/venv/ready
	PYTHONPYCACHEPREFIX=$(CURDIR)/.soak/pycache .soak/venv/bin/python -m soak $(if $(SHORT),--short) $(if $(CALM),--calm) \
		$(if $(EXECUTOR),--executor $(EXECUTOR)) $(if $(SEED),--seed $(SEED)) \
		$(if $(ACCOUNTS),--accounts $(ACCOUNTS)) $(if $(WINDOWS),--windows $(WINDOWS))

bench: .bench/venv/ready
	PYTHONPYCACHEPREFIX=$(CURDIR)/.bench/pycache .bench/venv/bin/python -m benchmarks.cost $(if $(QUICK),--quick)

test: .venv/ready
	.venv/bin/python -m pytest -n 2 --dist loadgroup

versions: .venv/ready
	.venv/bin/python -m versions $(if $(AIRFLOW),--airflow $(AIRFLOW)) $(if $(SUITE),--suite $(SUITE))

lint: .venv/ready
	.venv/bin/ruff format --check
	.venv/bin/ruff check
	.venv/bin/mypy -p airflow_provider_postpress -p demo -p versions -p soak
	.venv/bin/lint-imports --no-logo

clean:
	rm -rf .artefacts .bench .demo .soak .venv .versions .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find . -name __pycache__ -prune -exec rm -rf {} +

.bench/venv/ready .demo/venv/ready: EXTRA := emulator
.bench/venv/ready: ALSO := $(addprefix apache-airflow-providers-,airbyte databricks dbt-cloud http) airflow-provider-fivetran-async
.soak/venv/ready: EXTRA := soak
.venv/ready: EXTRA := dev
.bench/venv/ready .demo/venv/ready .soak/venv/ready .venv/ready: pyproject.toml
	test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed, and is not on the path (or name it: make PYTHON=...)."; exit 1; }
	echo "Installing Airflow and this package into $(@D) ..."
	$(PYTHON) -m venv $(@D) || { echo "Python's venv module is needed; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check uv
	$(@D)/bin/uv pip install --quiet --python $(@D)/bin/python --editable '.[$(EXTRA)]' $(ALSO)
	touch $@
