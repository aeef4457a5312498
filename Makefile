# A short menu. What the lab does is in internal/lab, not here.

# As the released binary: without cgo. It also lets the tests, the binary and the lab share what is compiled.
export CGO_ENABLED ?= 0

GOLANGCI_LINT := bin/golangci-lint-v2.15.0
TESTS ?= ./...
TESTFLAGS ?=

.PHONY: help
help: ## show this menu
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: lab-up build ## start the lab and run a morning health check against it
	bin/labctl run bin/runbook apply runbooks/daily/morning-health-check.hcl

.PHONY: test
test: lab-up ## start the lab and run all tests against it (TESTS=./engine/... TESTFLAGS=-v)
	bin/labctl run go test -count=1 -timeout 30m $(TESTFLAGS) $(TESTS)

.PHONY: chaos
chaos: lab-up ## break networks, services, processes and disks under runs: every case, not the sample of make test
	bin/labctl run go test -count=1 -timeout 40m $(TESTFLAGS) ./internal/chaos/... -long

.PHONY: lint
lint: $(GOLANGCI_LINT) ## vet and lint
	go vet ./...
	$(GOLANGCI_LINT) run ./...

.PHONY: bench
bench: lab-up build ## measure against the budgets
	bin/labctl run go run ./internal/bench

.PHONY: generate
generate: ## write the generated pages and code anew
	go generate ./...

.PHONY: lab-up
lab-up: labctl ## start the services that the demo and the tests use (.lab/env has their addresses)
	@bin/labctl up

.PHONY: lab-down
lab-down: labctl ## stop what lab-up started, and remove its data
	@bin/labctl down

.PHONY: build
build: ## build bin/runbook
	go build -o bin/runbook ./cmd/runbook

# Without a stamp of the commit: a labctl that differs restarts the demo API that runs from it.
.PHONY: labctl
labctl:
	@go build -buildvcs=false -o bin/labctl ./internal/lab/labctl

# By version, outside any module, so that the linter's dependencies stay out of go.mod.
$(GOLANGCI_LINT):
	GOBIN=$(CURDIR)/bin/.install go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
	mv bin/.install/golangci-lint $@
