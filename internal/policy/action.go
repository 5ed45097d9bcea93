package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stowgate/stowgate/internal/fault"
)

// An Action is something a grant can allow. Several are joined with |.
type Action uint16

// The actions. EXIF is never implied by a policy that lists no calls. Manage has
// no name in policies: only an app's owner has it, see Full and VerifySecret.
const (
	Pick        Action = 1 << iota // upload as a user of a page does
	Store                          // put a file into storage
	Read                           // get an asset's bytes
	Stat                           // get an asset's metadata
	Write                          // overwrite an asset with sent bytes
	WriteURL                       // overwrite an asset from a URL
	Convert                        // transform
	Remove                         // delete an asset
	EXIF                           // get what a camera wrote into a picture
	RunWorkflow                    // start workflows
	Manage                         // list, describe, keep, label and remove any file of the app, its groups and its webhooks
)

const (
	// everything is what a policy can allow.
	everything = Pick | Store | Read | Stat | Write | WriteURL | Convert | Remove | EXIF | RunWorkflow

	// implied is what a policy that lists no calls allows.
	// Source: Filestack documentation, "Security Policies".
	implied = everything &^ EXIF

	// public is what needs no policy while an app's security is off.
	// Source: Filestack documentation, "Security Policies", default authentication.
	public = Pick | Store | Read | Stat | Convert

	// opened is what needs no policy by Options.OpenReads.
	opened = Read | Convert

	// storing makes a new file, at a path in a container.
	storing = Pick | Store

	// sizing takes bytes in.
	sizing = storing | Write | WriteURL
)

// calls holds the name of each action that policies can allow, in the order of
// the constants.
var calls = [...]string{"pick", "store", "read", "stat", "write", "writeUrl", "convert", "remove", "exif", "runWorkflow"}

// Calls returns the name of each action, as policies write it.
func Calls() []string { return slices.Clone(calls[:]) }

// aliases are names that clients also use: Filestack's Swift SDK writes
// write_url, and its server reads revoke.
var aliases = map[string]Action{"write_url": WriteURL, "revoke": Remove}

// ParseAction returns the action that a policy calls name. The error wraps
// fault.Invalid if there is none; letter case counts.
func ParseAction(name string) (Action, error) {
	for i, call := range calls {
		if call == name {
			return 1 << i, nil
		}
	}
	if a, ok := aliases[name]; ok {
		return a, nil
	}
	return 0, fmt.Errorf("call %q: %w", name, fault.Invalid)
}

// String returns the names of the actions in a as policies write them, parted
// by commas, and "none" if there are none. Manage is "manage".
func (a Action) String() string {
	var names []string
	for i, call := range calls {
		if a&(1<<i) != 0 {
			names = append(names, call)
		}
	}
	if a&Manage != 0 {
		names = append(names, "manage")
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ",")
}
