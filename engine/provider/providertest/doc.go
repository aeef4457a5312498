// Package providertest is the contract that every provider keeps, as a test suite: a provider's test names its cases,
// [Run] carries them out against the real service and judges results and errors alike for all providers.
//
// It tests what all providers share: typed and repeatable results, errors that a person on call can act on, deadlines
// and interrupts that are obeyed, bounded results, secrets that stay secret, writes that read-only stops. What a
// result must say is the case's own Check.
//
// Start at [Suite]. [Declarations] looks at the schemas alone and needs no service. [Lab] finds a service of the lab,
// [Closed] an address where nobody listens, [Silent] a server that accepts and never answers.
package providertest
