package account

// Limits of passwords and tries, for tests at their edges.
const (
	MinPassword = minPassword
	MaxPassword = maxPassword
	MaxHashing  = maxHashing
)

var (
	TriesOfAccount = triesOfAccount.burst
	TriesOfAddress = triesOfAddress.burst
	AccountPace    = triesOfAccount.every
)

// FillHasher lets no more passwords be hashed until the function it returns is
// called.
func (s *Service) FillHasher() func() {
	for range maxHashing {
		s.hasher.slots <- struct{}{}
	}
	return func() {
		for range maxHashing {
			<-s.hasher.slots
		}
	}
}

// SetCost changes what passwords that are set from now on cost, until the
// function it returns is called.
func SetCost(memory uint32) func() {
	before := today
	today.memory = memory
	return func() { today = before }
}
