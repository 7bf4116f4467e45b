# Two commands for everybody: make run, make test. The rest is for those who work on it.
# Each makes the environment it needs inside the checkout; packaging/bootstrap.sh says how.
#   make PYTHON=/path/to/python3 …   another interpreter        make test PYTEST_ARGS="-k rotation"
.DEFAULT_GOAL := help
.PHONY: help run tour test check bench screenshots env clean
export PYTHON PYTEST_ARGS TEST_JOBS

help:
	@echo "make run          the window (without a display: the tour in the terminal)"
	@echo "make test         all tests, with everything they need"
	@echo "make tour         the tour in the terminal, with invented companies"
	@echo "make check        style, types, and which room may import which"
	@echo "make bench        how fast, as ratios"
	@echo "make screenshots  the pictures in docs/images"
	@echo "make env          only the environment: .venv"
	@echo "make clean        remove what the others made"

run:
	@packaging/bootstrap.sh run $(ARGS)

tour:
	@packaging/bootstrap.sh tour $(ARGS)

test:
	@packaging/bootstrap.sh test

check:
	@packaging/bootstrap.sh check

bench:
	@packaging/bootstrap.sh bench $(ARGS)

screenshots:
	@packaging/bootstrap.sh screenshots $(ARGS)

env:
	@packaging/bootstrap.sh env

clean:
	rm -rf .venv .venv-aws build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
