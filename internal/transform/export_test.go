package transform

// RandomPlan returns a plan, most of whose arguments are in range.
var RandomPlan = randomPlan
