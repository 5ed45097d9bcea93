package chain

import (
	"strconv"

	"github.com/stowgate/stowgate/internal/transform"
)

// density is at how many dots per inch a page of a document is drawn.
const density = 150

// Page returns the plan of a picture of one page of a document, if that is what
// operations ask for.
// Uploadcare documentation: "Document conversion".
func Page(ops []Operation) (transform.Plan, bool) {
	plan := transform.Plan{Density: density}
	for _, op := range ops {
		if len(op.Params) != 1 {
			return plan, false
		}
		switch value := op.Params[0]; op.Name {
		case "format":
			plan.Output.Format = map[string]transform.Format{"jpg": transform.JPEG, "png": transform.PNG}[value]
		case "page":
			n, err := strconv.ParseUint(value, 10, 31)
			if err != nil {
				return plan, false
			}
			plan.Page = int(n)
		default:
			return plan, false
		}
	}
	return plan, plan.Page > 0 && plan.Output.Format != "" && plan.Check() == nil
}
