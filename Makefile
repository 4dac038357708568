PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CORES := $(shell $(PYTHON) -c "import os; print(os.cpu_count())")
SAMPLE := tests/data/bunny_1280x720_132f.mp4

OUT := baseline

.PHONY: venv demo test lint test-slow test-gpu test-browser bench cuda baseline findings clean

venv: $(READY)

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: venv
	@$(BIN)/python -m benchmarks.demo $(SAMPLE) demo

test: venv lint
	$(BIN)/pytest -n $(CORES) --dist worksteal

lint: venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

test-slow: venv
	$(BIN)/pytest -m slow

test-gpu: venv
	$(BIN)/pytest -m gpu

test-browser: venv
	$(BIN)/pytest -m browser

bench: venv
	$(BIN)/python -m benchmarks.step_time
	$(BIN)/python -m benchmarks.decode_memory
	$(BIN)/python -m benchmarks.fitting models $(SAMPLE) --crop 1280x640 --resize 640x320

cuda: venv
	$(BIN)/python -m benchmarks.cuda -o benchmarks/results/cuda

baseline: venv
	$(BIN)/python -m benchmarks.baseline $(CLIPS) -o $(OUT)
	$(BIN)/nervc compare $(OUT)/results.jsonl --html $(OUT)/report.html --markdown $(OUT)/tables.md --pictures Bunny -y

findings:
	@for script in findings/*.sh; do echo "== $$script"; bash $$script || exit 1; done

clean:
	rm -rf $(VENV) demo build dist *.egg-info
