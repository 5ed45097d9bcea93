package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/stowgate/stowgate/internal/asset"
	"github.com/stowgate/stowgate/internal/fault"
	"github.com/stowgate/stowgate/internal/job"
	"github.com/stowgate/stowgate/internal/policy"
	"github.com/stowgate/stowgate/internal/upload"
)

// retries are the pauses before an import is tried again that this server, and
// not the far end, let fail.
var retries = []time.Duration{time.Second, 10 * time.Second, time.Minute, 10 * time.Minute}

// Handler returns what does the jobs of JobKind. It opens sources by fetch; nil
// means as the upload service does.
func (s *Service) Handler(fetch upload.Fetch) job.Handler {
	return job.Handler{
		Do:      func(ctx context.Context, j job.Job) error { return s.do(ctx, j, fetch) },
		Timeout: MaxTime, Retries: retries,
	}
}

// do brings in the file of a job, once: the asset's UUID was drawn when it was
// begun, so that one that was stored before a crash is found.
func (s *Service) do(ctx context.Context, j job.Job, fetch upload.Fetch) error {
	var token uuid.UUID
	if err := json.Unmarshal(j.Payload, &token); err != nil {
		return fmt.Errorf("payload of import: %w: %w", err, job.ErrGiveUp)
	}
	i, err := s.records.Import(ctx, token)
	if errors.Is(err, fault.NotFound) || err == nil && i.State != Waiting {
		s.forget(token) // nobody can ask for it any more, or another has done it
		return nil
	}
	if err != nil {
		return err
	}
	a, err := s.bring(ctx, i, fetch)
	switch {
	case err == nil:
		i.State, i.Asset = Done, a.ID
	case job.Passing(err) && ctx.Err() == context.Canceled, job.Passing(err) && j.Attempt <= len(retries):
		return err
	default:
		i.State, i.Failure = Failed, failureOf(err)
	}
	if err := s.records.EndImport(context.WithoutCancel(ctx), i); err != nil {
		return fmt.Errorf("record end of import: %w", err)
	}
	s.forget(token)
	return nil
}

// bring returns the asset of an import, stored now or before.
func (s *Service) bring(ctx context.Context, i Import, fetch upload.Fetch) (asset.Asset, error) {
	t := i.Terms
	if a, err := s.assets.AssetByUUID(ctx, t.Spec.UUID); !errors.Is(err, fault.NotFound) {
		return a, err
	}
	a, err := s.uploads.Import(ctx, t.Grant, t.Spec, upload.Source{URL: t.URL, Fetch: fetch, Watch: s.watch(i.Token)})
	if errors.Is(err, fault.Conflict) { // somebody else who took the job over was quicker
		if stored, found := s.assets.AssetByUUID(ctx, t.Spec.UUID); found == nil {
			return stored, nil
		}
	}
	return a, err
}

// failureOf returns what strangers may know of err.
func failureOf(err error) *Failure {
	f := &Failure{Kind: fault.Of(err)}
	var status interface{ StatusCode() int }
	if errors.As(err, &status) {
		f.Status = status.StatusCode()
	}
	var denial *policy.Denial
	if errors.As(err, &denial) {
		f.Reason = denial.Reason
	}
	return f
}
