# What there is to do in this checkout. `make run` and `make test` are all that most people need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TEXTS := $(wildcard kassa_tui/locale/*/LC_MESSAGES/*.po kassa_office/locale/*/LC_MESSAGES/*.po)

.PHONY: env run office-demo webshop-demo check test bench gates vmtest texts

# The environment, made anew only when what goes into it changes; the words are compiled when a catalogue does.
env: $(VENV)/.texts

$(VENV)/.built: pyproject.toml setup.py constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Kassa needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev --config-settings editable_mode=compat --editable '.[office]'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --config-settings editable_mode=compat --editable '.[scanners]' || \
		echo 'No evdev: it is compiled with a C compiler and python3-dev. Scanners of kind evdev do not work, all others do.'
	touch $@

$(VENV)/.texts: $(VENV)/.built $(TEXTS)
	$(BIN)/pybabel --quiet compile --directory kassa_tui/locale --domain kassa
	$(BIN)/pybabel --quiet compile --directory kassa_office/locale --domain django
	touch $@

# The demo shop on this terminal.
run: env
	$(BIN)/kassa demo

# An office with two branches and two tills of it on this machine.
office-demo: env
	$(BIN)/kassa-office demo

# A till and a simulated WooCommerce on this machine.
webshop-demo: env
	$(BIN)/kassa demo --webshop woocommerce

# The catalogues of texts brought up to date with the sources; what is new is then translated by a person.
texts: env
	$(BIN)/pybabel --quiet extract -F babel.cfg -k N_ -k t -k n:1,2 --no-default-keywords --no-location --sort-output -w 120 \
		--project kassa --version 0.1.0 --msgid-bugs-address none -o kassa_tui/locale/kassa.pot kassa_tui
	$(BIN)/pybabel --quiet update -D kassa -d kassa_tui/locale -i kassa_tui/locale/kassa.pot --no-fuzzy-matching \
		--ignore-obsolete -w 120
	$(BIN)/pybabel --quiet extract -F kassa_office/babel.cfg -k _ -k gettext -k gettext_lazy -k ngettext:1,2 -k N_ \
		--no-location --sort-output -w 120 --project kassa --version 0.1.0 --msgid-bugs-address none \
		-o kassa_office/locale/django.pot kassa_office
	$(BIN)/pybabel --quiet update -D django -d kassa_office/locale -i kassa_office/locale/django.pot --no-fuzzy-matching \
		--ignore-obsolete -w 120

# Style, types and the contracts between the floors.
gates: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The fast gate while working.
check: gates
	$(BIN)/pytest -n auto tests/house tests/domain

# Everything.
test: gates
	$(BIN)/pytest -n auto

# Every benchmark, each with the floors of the same run beside its figures; KASSA_BENCH_QUICK=1 for a short run.
bench: env
	$(BIN)/python -m bench

# A till in a virtual machine, from a bare image to power cuts; says so and ends where there is no lab for it.
vmtest: env
	$(BIN)/python -m tests.vm.run
