module github.com/stowgate/stowgate/bench/peers/imagor

go 1.26

require github.com/cshum/imagor v1.9.5

tool github.com/cshum/imagor/cmd/imagor
