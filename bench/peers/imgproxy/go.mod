module github.com/stowgate/stowgate/bench/peers/imgproxy

go 1.26

require github.com/imgproxy/imgproxy/v4 v4.0.12

tool github.com/imgproxy/imgproxy/v4/cli
