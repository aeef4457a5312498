// Package form asks a person at a terminal what a run wants to know, with the keyboard alone.
//
// A terminal that can be drawn on shows a form ([Terminal] with Plain false); any other is asked line by line. Either is
// taken away when the question is answered elsewhere. The form knows neither the run nor where the answer goes. Start at
// [Terminal.Ask].
package form
