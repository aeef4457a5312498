package lab

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"os"
	"time"
)

// backupCount is the number of nightly dumps that are kept.
const backupCount = 5

// backupsUp writes what a nightly backup would have left: one dump a day, the newest a few hours old.
func (l *Lab) backupsUp(context.Context) (outcome, error) {
	dir := l.path("data", "backups")
	newest := time.Now().Add(-3 * time.Hour)
	written := false
	for n := range backupCount {
		at := newest.Add(-time.Duration(n) * day)
		path := l.path("data", "backups", databaseName+"-"+at.UTC().Format("2006-01-02")+".sql.gz")
		if _, err := os.Stat(path); err == nil {
			continue
		}
		var dump bytes.Buffer
		compressed := gzip.NewWriter(&dump)
		for row := range 500 {
			_, _ = fmt.Fprintf(compressed, "INSERT INTO users (email) VALUES ('user%d@example.com');\n", row+n)
		}
		if err := compressed.Close(); err != nil {
			return outcome{}, fmt.Errorf("compress a dump: %w", err)
		}
		if err := writeFile(path, dump.Bytes(), 0o644); err != nil {
			return outcome{}, fmt.Errorf("write a dump: %w", err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			return outcome{}, fmt.Errorf("date a dump: %w", err)
		}
		written = true
	}
	return outcome{started: written, detail: l.relative(dir)}, nil
}
