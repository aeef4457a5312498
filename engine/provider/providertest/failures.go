package providertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

const (
	defaultDeadline = 200 * time.Millisecond
	defaultSlack    = 4 * time.Second
)

// errs judges an error of the service.
func (s *Suite) errs(t *testing.T, c Case) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	got := s.call(ctx, t, c)
	s.judge(t, c, got)
	if errors.Is(got.err, context.DeadlineExceeded) {
		t.Errorf("it took %s and met the test's own deadline", got.took)
	}
}

// timesOut judges what comes of a deadline.
func (s *Suite) timesOut(t *testing.T, c Case) {
	ctx, cancel := context.WithTimeout(t.Context(), c.deadline())
	defer cancel()
	got := s.call(ctx, t, c)
	s.judge(t, c, got)
	report(t, promptness(c, got, context.DeadlineExceeded))
}

// isCancelled judges what comes of an interrupt.
func (s *Suite) isCancelled(t *testing.T, c Case) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	timer := time.AfterFunc(c.deadline(), cancel)
	defer timer.Stop()
	got := s.call(ctx, t, c)
	s.judge(t, c, got)
	report(t, promptness(c, got, context.Canceled))
}

func (c Case) deadline() time.Duration {
	if c.Deadline == 0 {
		return defaultDeadline
	}
	return c.Deadline
}

func (c Case) slack() time.Duration {
	if c.Slack == 0 {
		return defaultSlack
	}
	return c.Slack
}

func (s *Suite) judge(t *testing.T, c Case, got outcome) {
	t.Helper()
	report(t, errorProblems(c, got.err))
	report(t, leaks(s.Secrets, texts(got)))
	if got.err != nil {
		t.Logf("the error reads: %v", got.err)
	}
}

// promptness compares how long it took, and the cause, with what the context says.
func promptness(c Case, got outcome, cause error) []string {
	var problems []string
	if got.took > c.deadline()+c.slack() {
		problems = append(problems, fmt.Sprintf("it ended after %s, its context after %s", got.took, c.deadline()))
	}
	if !errors.Is(got.err, cause) {
		problems = append(problems, fmt.Sprintf("the error does not wrap %q: %v", cause, got.err))
	}
	return problems
}

// errorProblems judges whether an error helps the person who reads it.
func errorProblems(c Case, err error) []string {
	if err == nil {
		return []string{"there is no error"}
	}
	var problems []string
	text := err.Error()
	if c.Endpoint == "" {
		problems = append(problems, "the case names no Endpoint that the error must tell")
	}
	if !strings.Contains(text, c.Endpoint) {
		problems = append(problems, fmt.Sprintf("the error does not name %q: %s", c.Endpoint, text))
	}
	for _, word := range c.Words {
		if !strings.Contains(strings.ToLower(text), strings.ToLower(word)) {
			problems = append(problems, fmt.Sprintf("the error does not say %q: %s", word, text))
		}
	}
	if strings.HasSuffix(strings.TrimSpace(text), "EOF") {
		problems = append(problems, fmt.Sprintf("the error ends in a bare EOF; say who closed the connection and when: %s", text))
	}
	if strings.Contains(text, "goroutine ") || strings.Contains(text, "%!") {
		problems = append(problems, fmt.Sprintf("the error holds a stack or a formatting mistake: %s", text))
	}
	return problems
}
