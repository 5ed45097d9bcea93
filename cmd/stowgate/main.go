// Command stowgate serves secure file upload and delivery, and manages its
// apps, policies and stored bytes.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/stowgate/stowgate/internal/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(app.Run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
