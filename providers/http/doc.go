// Package http is the provider of HTTP requests: one action, http_request, over net/http.
//
// It does not decide whether an answer is good beyond its status: that is for the assertions of the step. Start at
// [New]; request.go has the action.
package http
