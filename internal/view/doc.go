// Package view shows the events of a run: as lines for people ([Text]), with what runs now at the bottom of a terminal
// ([Live]), or as JSON lines ([JSON]).
//
// A view knows the events alone, so a journal that is replayed shows exactly what the run showed. What services answered
// is made safe for a terminal here: see term.Clean.
package view
