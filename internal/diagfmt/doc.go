// Package diagfmt is the one place that prints diagnostics: as JSON in the shape of `terraform validate -json`, and as
// text made from that JSON form, with the source line underlined and the values that the expression saw.
//
// It decides nothing about what is a problem; that is engine/lang's and engine/validate's.
package diagfmt
