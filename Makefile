# Two commands do everything: `make run` and `make test`. CONTRIBUTING.md lists the others.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL_FLAGS := --require-hashes --only-binary :all: --no-binary flask-principal

.PHONY: run links demo pdf test test-browser test-office prove bench check format lock clean translations

run: $(VENV)/.runtime
	@$(BIN)/python serve.py

links: $(VENV)/.runtime
	@$(BIN)/python -m flask links

demo: $(VENV)/.runtime
	@TRACKER_INSTANCE=instance/demo TRACKER_REHEARSAL=1 TRACKER_PORT=8001 $(BIN)/python serve.py

# The optional part that makes PDF files (81 MB); it also wants fonts: apt install fonts-noto-core fonts-noto-cjk.
pdf: $(VENV)/.pdf

test: $(VENV)/.dev
	$(BIN)/python -m pytest -q -n 2 --ignore=tests/browser -m "not browser and not office and not prove"

test-browser: $(VENV)/.browser
	@sh requirements/system.sh chromium
	$(BIN)/python -m pytest -q -m browser tests/browser

test-office: $(VENV)/.dev $(VENV)/.pdf
	@sh requirements/system.sh soffice
	$(BIN)/python -m pytest -q -m office tests/office

prove: $(VENV)/.dev
	$(BIN)/python -m pytest -q -s -m prove --ignore=tests/browser

bench: $(VENV)/.dev
	$(BIN)/python -m bench

# The types of the browser suite are checked too, so its packages are needed here (chromium is not).
check: $(VENV)/.browser
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/python translations/update.py --check
	$(BIN)/python -m instruments.report
	$(BIN)/python -m pytest -q tests/test_architecture.py

format: $(VENV)/.dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

translations: $(VENV)/.runtime
	$(BIN)/python translations/update.py

lock:
	requirements/lock.sh

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache

# The stamps depend on the lock files, so a changed lock installs again and an unchanged one costs nothing.
$(VENV)/.python:
	@$(PYTHON) requirements/preflight.py
	@if command -v uv >/dev/null 2>&1; then uv venv --quiet --allow-existing --python $(PYTHON) $(VENV); else $(PYTHON) -m venv $(VENV); fi
	@touch $@

define install
	@echo "Installing $(1) (hash-checked)"
	@if command -v uv >/dev/null 2>&1; then VIRTUAL_ENV=$(VENV) uv pip install --quiet $(INSTALL_FLAGS) -r $(1); \
	else $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(INSTALL_FLAGS) -r $(1); fi
	@touch $@
endef

$(VENV)/.runtime: requirements/runtime.txt | $(VENV)/.python
	$(call install,requirements/runtime.txt)

$(VENV)/.pdf: requirements/pdf.txt $(VENV)/.runtime
	$(call install,requirements/pdf.txt)

$(VENV)/.dev: requirements/dev.txt $(VENV)/.runtime
	$(call install,requirements/dev.txt)

$(VENV)/.browser: requirements/browser.txt $(VENV)/.dev
	$(call install,requirements/browser.txt)
