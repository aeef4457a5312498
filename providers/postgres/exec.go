package postgres

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/e82355ed/runbook/engine/provider"
)

type execArgs struct {
	SQL         string    `rb:"sql" doc:"One statement."`
	Statements  []string  `rb:"statements" doc:"Several statements, run one after the other."`
	Args        cty.Value `rb:"args" doc:"The values of $1, $2 and so on in sql, as a list."`
	Transaction bool      `rb:"transaction" default:"true" doc:"Whether all of it happens or nothing; false for VACUUM and REINDEX CONCURRENTLY, which no transaction may hold."`
}

type execResult struct {
	RowsAffected int64    `rb:"rows_affected" doc:"Rows that were inserted, updated or deleted."`
	Notices      []string `rb:"notices" doc:"What the server said beside its answers."`
}

var exec = provider.Define(provider.Definition[*client, execArgs, execResult]{
	Name: "postgres_exec", Doc: "Runs statements that change something.", Effect: provider.Write, NeedsTimeout: true,
	ExactlyOne: [][]string{{"sql", "statements"}},
	Classify: func(args *execArgs, known provider.Known) provider.Effect {
		if !known("sql") || !known("statements") {
			return provider.Destructive // it may say anything
		}
		effect := classifyExec(args.SQL)
		for _, s := range args.Statements {
			effect = max(effect, classifyExec(s))
		}
		return effect
	},
})
