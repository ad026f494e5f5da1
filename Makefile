# Aliases of dev.py, for those whose fingers know make. Arguments go into ARGS:
#   make test ARGS="-k origin"      make run ARGS="--port 9000"
PYTHON ?= python3
COMMANDS := run test lint format lock sdk bench simulate images containers screenshot clean

.PHONY: help test-all $(COMMANDS)
help:
	@$(PYTHON) dev.py

$(COMMANDS):
	@$(PYTHON) dev.py $@ $(ARGS)

test-all:
	@$(PYTHON) dev.py test --all $(ARGS)
