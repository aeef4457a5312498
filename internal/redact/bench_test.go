package redact

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// BenchmarkBytes blanks the JSON of an event, with as many secrets as a run may have.
func BenchmarkBytes(b *testing.B) {
	event := []byte(`{"v":1,"seq":7,"time":"2026-03-04T23:30:00Z","run":"01JD3V7C","type":"step_finished","step":"check[\"a\"]",` +
		`"outcome":"pass","duration_ms":12.5,"result":{"rows":[` + strings.Repeat(`{"name":"orders-api","ready":true,"restarts":0},`, 20) + `{}]}}`)
	for _, secrets := range []int{1, 10, 1000} {
		b.Run(fmt.Sprint(secrets), func(b *testing.B) {
			r := &Redactor{}
			for i := range secrets {
				r.Add(fmt.Sprintf("hunter2/%d+of the=%x", i, i*7919))
			}
			r.Bytes(event)
			b.SetBytes(int64(len(event)))
			for b.Loop() {
				if got := r.Bytes(event); len(got) != len(event) {
					b.Fatal("something was blanked")
				}
			}
		})
	}
}

// BenchmarkNested blanks an event that holds JSON text which holds JSON text, as what a service echoes may.
func BenchmarkNested(b *testing.B) {
	text := strings.Repeat(`{"name":"orders-api","ready":true,"restarts":0},`, 20)
	for range 3 {
		encoded, err := json.Marshal(map[string]string{"body": text})
		if err != nil {
			b.Fatal(err)
		}
		text = string(encoded)
	}
	r := &Redactor{}
	for i := range 10 {
		r.Add(fmt.Sprintf("hunter2/%d+of the=%x", i, i*7919))
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if got := r.String(text); got != text {
			b.Fatal("something was blanked")
		}
	}
}

// BenchmarkAdd adds secrets, each followed by text to blank, as where each instance of a step gives one.
func BenchmarkAdd(b *testing.B) {
	const secrets = 1000
	for name, format := range map[string]string{"token": "hunter2%05dofthe%x", "password": "hunter2/%d+of the=%x"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				r := &Redactor{}
				for i := range secrets {
					secret := fmt.Sprintf(format, i, i*7919)
					r.Add(secret)
					if got := r.String(secret); got != Blank {
						b.Fatal(got)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*secrets), "µs/secret")
		})
	}
	b.Run("key file", func(b *testing.B) {
		key := "-----BEGIN PRIVATE KEY-----\n" + strings.Repeat("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n", 26) + "-----END PRIVATE KEY-----\n"
		b.ReportAllocs()
		for b.Loop() {
			r := &Redactor{}
			r.Add(key)
			if bytes.Contains(r.Bytes([]byte(key)), []byte("MII")) {
				b.Fatal("the key is there")
			}
		}
	})
}
