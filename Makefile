# The commands of this project. What is longer than a line is in scripts/.

.DEFAULT_GOAL := help
.PHONY: help run test build lint bench soak

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-6s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run:  ## build, make an app with security on if there is none, and serve it
	@scripts/run

test:  ## everything CI runs: format, vet, staticcheck, unit tests, official clients
	@scripts/test

build:  ## leave the program in bin/stowgate
	@scripts/build

lint:  ## format, vet and staticcheck only
	@scripts/lint

bench:  ## compare with named peers and physical limits
	@scripts/bench

soak:  ## the long fault tests: kill -9, power cuts, full disks (needs root)
	@scripts/soak
