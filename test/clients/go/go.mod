module github.com/stowgate/stowgate/test/clients/go

go 1.26

require github.com/filestack/filestack-go v0.0.0-20210721122804-459ef6dd7a64
