package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func TestBytes(t *testing.T) {
	tests := map[string]struct {
		secrets  []string
		in, want string
	}{
		"no secrets":         {nil, "hello", "hello"},
		"cut before":         {[]string{"hunter2-long"}, "a hunter2-l … b", "a (sensitive) … b"},
		"cut after":          {[]string{"hunter2-long"}, "a …r2-long", "a …(sensitive)"},
		"cut on both sides":  {[]string{"hunter2-long", "mellon-friend"}, `x hunte… n-friend hunter2-long "mell … long"`, `x (sensitive)… (sensitive) (sensitive) "(sensitive) … (sensitive)"`},
		"cut and whole":      {[]string{"hunter2-long"}, "hunter2-long … hunter2-long", "(sensitive) … (sensitive)"},
		"cut to too little":  {[]string{"hunter2-long"}, "hun … ong", "hun … ong"},
		"cut in JSON":        {[]string{`hun"ter2-long`}, `{"a":"x hun\"te …"}`, `{"a":"x (sensitive) …"}`},
		"cut in base64":      {[]string{"hunter2-long"}, "x aHVudGVy …", "x (sensitive) …"},
		"too short":          {[]string{"abc"}, "abc", "abc"},
		"white space":        {[]string{"    ", "\n\n\n\n", " \t \t "}, "a    b\n\n\n\nc \t \t ", "a    b\n\n\n\nc \t \t "},
		"line end after it":  {[]string{"token-1\n"}, "token-1\nmiddle token-1\r\nend", "(sensitive)\nmiddle (sensitive)\r\nend"},
		"line end in base64": {[]string{"token-1\n"}, "x dG9rZW4tMQo= y", "x (sensitive) y"},
		"four wide runes":    {[]string{"日本語字"}, "x日本語字y", "x(sensitive)y"},
		"three wide runes":   {[]string{"日本語"}, "x日本語y", "x日本語y"},
		"once":               {[]string{"hunter2"}, "password hunter2.", "password (sensitive)."},
		"longest first":      {[]string{"hunter", "hunter2000"}, "hunter2000 hunter", "(sensitive) (sensitive)"},
		"inside another":     {[]string{"unte", "hunter2"}, "hunter2", "(sensitive)"},
		"overlap is one":     {[]string{"abcd", "cdef"}, "abcdef", "(sensitive)"},
		"side by side":       {[]string{"abcd", "efgh"}, "abcdefgh", "(sensitive)(sensitive)"},
		"in JSON":            {[]string{`a"b\c<d`}, `{"x":"a\"b\\c\u003cd"}`, `{"x":"(sensitive)"}`},
		"in JSON, no HTML":   {[]string{`a"b\c<d`}, `{"x":"a\"b\\c<d"}`, `{"x":"(sensitive)"}`},
		"JSON in JSON":       {[]string{`pa"ss`}, `{"body":"{\"p\":\"pa\\\"ss\"}"}`, `{"body":"{\"p\":\"(sensitive)\"}"}`},
		"in a URL":           {[]string{"p@ss/word"}, "postgres://u:p%40ss%2Fword@h/db", "postgres://u:(sensitive)@h/db"},
		"JSON in ASCII":      {[]string{"pa/é𝄞"}, `["pa/\u00e9\ud834\udd1e","pa\/\u00E9\uD834\uDD1E"]`, `["(sensitive)","(sensitive)"]`},
		"ASCII in JSON":      {[]string{`pa"é`}, `{"body":"{\"p\":\"pa\\\"\\u00e9\"}"}`, `{"body":"{\"p\":\"(sensitive)\"}"}`},
		"in a URL's path":    {[]string{"p ss/wörd"}, "GET /p%20ss/w%C3%B6rd:", "GET /(sensitive):"},
		"a path in JSON":     {[]string{"p s&w"}, `{"error":"GET /p%20s\u0026w"}`, `{"error":"GET /(sensitive)"}`},
		"a line of many":     {[]string{"BEGIN KEY\nabcdefghijkl\n"}, "  | abcdefghijkl", "  | (sensitive)"},
		"a short line":       {[]string{"ab12\nBEGIN KEY\ncd3\n"}, "  | ab12\n  | cd3", "  | (sensitive)\n  | cd3"},
		"its line in JSON":   {[]string{"BEGIN\nab\"cd<efgh\n"}, `["ab\"cd\u003cefgh"]`, `["(sensitive)"]`},
		"in base64":          {[]string{"hunter2!"}, "x aHVudGVyMiE= y", "x (sensitive) y"},
		"base64, no padding": {[]string{"hunter2!"}, "x.aHVudGVyMiE.y", "x.(sensitive).y"},
		"base64 of more, 0":  {[]string{"hunter2!"}, "YWJjaHVudGVyMiF4eXo=", "YWJj(sensitive)F4eXo="},
		"base64 of more, 1":  {[]string{"hunter2!"}, "YWh1bnRlcjIheHl6", "YW(sensitive)eHl6"},
		"base64 of more, 2":  {[]string{"hunter2!"}, "YWJodW50ZXIyIXh5eg==", "YWJ(sensitive)Xh5eg=="},
		"hexadecimal, half":  {[]string{`"&&"`}, "=22 26 26:%2522 a", "=(sensitive) a"},
		"basic auth":         {[]string{"hunter2!"}, "Basic dXNlcjpodW50ZXIyIQ==", "Basic dXNlcjp(sensitive)Q=="},
		"base64 for URLs":    {[]string{"a?>b~~??"}, "YT8-Yn5-Pz8", "(sensitive)"},
		"base64 in a URL":    {[]string{"a?>b~~??"}, "?t=YT8%2BYn5%2BPz8%3D&u=YT8%2bYn5%2bPz8%3d", "?t=(sensitive)&u=(sensitive)"},
		"base64 in lines":    {[]string{strings.Repeat("hunter2-", 12)}, "aHVudGVyMi1odW50ZXIyLWh1bnRlcjItaHVudGVyMi1odW50ZXIyLWh1bnRlcjItaHVudGVyMi1o\ndW50ZXIyLWh1bnRlcjItaHVudGVyMi1odW50ZXIyLWh1bnRlcjIt\n", "(sensitive)\n"},
		"base64 in a line":   {[]string{strings.Repeat("hunter2-", 8)}, "aHVudGVyMi1odW50ZXIyLWh1bnRlcjItaHVudGVyMi1odW50ZXIyLWh1bnRlcjItaHVudGVyMi1o\ndW50ZXIyLQ==\n", "(sensitive)\n"},
		"base64 after more":  {[]string{strings.Repeat("hunter2-", 8)}, "x dXNlcjpodW50ZXIyLWh1bnRlcjItaHVudGVyMi1odW50ZXIyLWh1bnRlcjIt\r\n  aHVudGVyMi1odW50ZXIyLWh1bnRlcjIt\nand", "x dXNlcjp(sensitive)\nand"},
		"such lines in JSON": {[]string{strings.Repeat("hunter2-", 8)}, `["dXNlcjpodW50ZXIyLWh1bnRlcjItaHVudGVyMi1odW50ZXIyLWh1bnRlcjIt\naHVudGVyMi1odW50ZXIyLWh1bnRlcjIt\n"]`, `["dXNlcjp(sensitive)\n"]`},
		"JSON in a URL":      {[]string{`pa"ss\é&`}, `?q=%7B%22p%22%3A%22pa%5C%22ss%5C%5C%5Cu00e9%5Cu0026%22%7D`, `?q=%7B%22p%22%3A%22(sensitive)%22%7D`},
		"a URL in a URL, é":  {[]string{`pa"é`}, `?u=%252F%253Fq%253Dpa%2522%25C3%25A9`, `?u=%252F%253Fq%253D(sensitive)`},
		"not in a URL":       {[]string{"hunter2!"}, "50 % 5%ZZ %E9 %", "50 % 5%ZZ %E9 %"},
		"base64 of a URL":    {[]string{"p@ss/word"}, "P3Q9cCU0MHNzJTJGd29yZA==", "P3Q9(sensitive)A=="},
		"base64 of JSON":     {[]string{`pa"ss`}, "eyJwIjoicGFcInNzIn0=", "eyJwIjoi(sensitive)In0="},
		"hexadecimal":        {[]string{"hunter2"}, "68756e74657232 68756E74657232", "(sensitive) (sensitive)"},
		"hex, spaced":        {[]string{"hunter2"}, "x 68 75 6e 74 65 72 32 y 68756e74 65 72 32", "x (sensitive) y (sensitive)"},
		"hex, by openssl":    {[]string{"hunter2"}, "priv:\n    68:75:6E:74:\n    65:72:32\npub", "priv:\n    (sensitive)\npub"},
		"hex, by xxd":        {[]string{"hunter2-long"}, "00000000: 7868 756e 7465 7232 2d6c 6f6e 6778", "00000000: 78(sensitive)78"},
		"hex, by od":         {[]string{"hunter2-long-long-long"}, " 68 75 6e 74 65 72 32 2d 6c 6f 6e 67 2d 6c 6f 6e\n 67 2d 6c 6f 6e 67 0a\n", " (sensitive) 0a\n"},
		"hex, by C":          {[]string{"hunter2"}, `{0x68, 0x75, 0x6e,0x74,0x65,0x72,0x32} \x68\x75\x6e\x74\x65\x72\x32`, `{0x(sensitive)} \x(sensitive)`},
		"hex, in a URL":      {[]string{"hunter2"}, "?t=%68%75%6e%74%65%72%32&x", "?t=(sensitive)&x"},
		"hex, in JSON":       {[]string{"hunter2"}, `{"out":"a\n68 75 6e 74\n65 72 32\n\tb"}`, `{"out":"a\n(sensitive)\n\tb"}`},
		"hex, cut":           {[]string{"hunter2"}, "68 75 6e 74 65 …", "(sensitive) …"},
		"a time is no hex":   {[]string{"2330", "20260304", "#0$5"}, "2026-03-04 23:30:24", "2026-03-04 23:30:24"},
		"URL, lower case":    {[]string{"p@ss/word"}, "p%40ss%2fword p%40ss/word", "(sensitive) (sensitive)"},
		"a URL in a URL":     {[]string{"p@ss/word"}, "?to=https%3A%2F%2Fu%3Ap%2540ss%252Fword%40h", "?to=https%3A%2F%2Fu%3A(sensitive)%40h"},
		"URL decoded":        {[]string{"p%40ss|wo%2Brd"}, "p@ss|wo+rd p@ss%7Cwo+rd p%40ss%7Cwo%2Brd p%2540ss|wo%252Brd", "(sensitive) (sensitive) (sensitive) (sensitive)"},
		"query decoded":      {[]string{"sig%2Bna+ture"}, "sig+na ture sig+na+ture", "(sensitive) (sensitive)"},
		"no escape in it":    {[]string{"100%-sure"}, "100%-sure 100-sure", "(sensitive) 100-sure"},
		"URL by JavaScript":  {[]string{"p@ss(word)!"}, "p%40ss(word)!", "(sensitive)"},
		"shell, single":      {[]string{"it's 4"}, `'it'\''s 4' 'it'"'"'s 4' it\'s\ 4`, "'(sensitive)' '(sensitive)' (sensitive)"},
		"shell, double":      {[]string{"a$b`c"}, "\"a\\$b\\`c\"", "\"(sensitive)\""},
		"SQL":                {[]string{"it's 4"}, "'it''s 4'", "'(sensitive)'"},
		"quoted by hclog":    {[]string{`pa"ss`}, `panic="can't use \"pa\\"ss\""`, `panic="can't use \"(sensitive)\""`},
		"HTML":               {[]string{"a<b'c\""}, "a&lt;b&#39;c&#34; a&lt;b&apos;c&quot; a&lt;b&#x27;c&quot;", "(sensitive) (sensitive) (sensitive)"},
		"HTML, quotes left":  {[]string{"p&ssw0rd's"}, "F p&amp;ssw0rd's", "F (sensitive)"},
		"HTML, attribute":    {[]string{`a<b'"c`}, `x="a&lt;b'&quot;c"`, `x="(sensitive)"`},
		"HTML, all letters":  {[]string{"hunter2"}, "&#104;&#x75;&#110;&#116;&#101;&#114;&#x32;!", "(sensitive)!"},
		"HTML in JSON":       {[]string{`a<b"c'`}, `{"e":"<p title=\"a&lt;b&quot;c'\">"}`, `{"e":"<p title=\"(sensitive)\">"}`},
		"JSON in HTML":       {[]string{`a<b"c'd`}, `<pre>{"e":"a&lt;b\&#34;c'd"}</pre>`, `<pre>{"e":"(sensitive)"}</pre>`},
		"HTML in HTML":       {[]string{`a<b"c'd`}, `a&amp;lt;b&amp;#34;c'd`, `(sensitive)`},
		"HTML, a URL":        {[]string{"p@ss word&x"}, "/p@ss%20word&amp;x", "/(sensitive)"},
		"HTML, cut":          {[]string{"hunter2&long"}, "hunter2&am…", "(sensitive)…"},
		"like HTML":          {[]string{"hunt&amp;er2"}, "hunt&amp;er2 hunt&amp;amp;er2", "(sensitive) (sensitive)"},
		"no HTML":            {[]string{"hunter2"}, "a&b;c & d &nosuch; &", "a&b;c & d &nosuch; &"},
		"CSV":                {[]string{`it"s 4`}, `a,"it""s 4"`, `a,"(sensitive)"`},
		"URL by encodeURI":   {[]string{"a b/é?&"}, "x/a%20b/%C3%A9?&", "x/(sensitive)"},
		"upper case":         {[]string{"hunter2-long"}, "unknown command 'HUNTER2-LONG'", "unknown command '(sensitive)'"},
		"lower case":         {[]string{"Hunter2-LONG"}, "lookup hunter2-long.example", "lookup (sensitive).example"},
		"a header's name":    {[]string{"hunter2-long"}, "Hunter2-Long: 1", "(sensitive): 1"},
		"upper case in JSON": {[]string{`hun"ter2`}, `{"error":"'HUN\"TER2'"}`, `{"error":"'(sensitive)'"}`},
		"upper, not ASCII":   {[]string{"hunter-é"}, "HUNTER-É hunter-\u00c9", "(sensitive) (sensitive)"},
		"lower, not ASCII":   {[]string{"HUNTER-É"}, "hunter-é", "(sensitive)"},
		"cut in upper case":  {[]string{"hunter2-long"}, "x HUNTER… …R2-LONG", "x (sensitive)… …(sensitive)"},
		"JSON, three deep":   {[]string{`pa"ss&wo`}, `{"a":"{\"b\":\"{\\\"c\\\":\\\"pa\\\\\\\"ss\\\\u0026wo\\\"}\"}"}`, `{"a":"{\"b\":\"{\\\"c\\\":\\\"(sensitive)\\\"}\"}"}`},
		"cut, three deep":    {[]string{`hun"ter2-long`}, `"{\"b\":\"{\\\"c\\\":\\\"hun\\\\\\\"te…"`, `"{\"b\":\"{\\\"c\\\":\\\"(sensitive)…"`},
		"cut in an escape":   {[]string{"hunt&er2-long"}, `x hunt\u00… y`, `x (sensitive)… y`},
		"cut, then deep":     {[]string{`hunter"long`}, `"… nter\\\"long\\\""`, `"… (sensitive)\\\""`},
		"a URL's path":       {[]string{"http://h:9/services/T0AAAA/tOkEn111"}, "POST /services/T0AAAA/tOkEn111: http://h:9: no token tOkEn111 in services", "POST (sensitive): http://h:9: no token (sensitive) in services"},
		"a URL in a line":    {[]string{"ann\nhttp://h:9/services/T0AAAA/tOkEn111 \n"}, "POST /services/T0AAAA/tOkEn111", "POST (sensitive)"},
		"joined to a base":   {[]string{"http://h/hooks/T0AAAA/"}, "POST /hooks/T0AAAA/x?y", "POST (sensitive)x?y"},
		"a path decoded":     {[]string{"https://h/a%20b/c"}, "GET /a%20b/c, /a b/c", "GET (sensitive), (sensitive)"},
		"a URL's query":      {[]string{"https://h/x?channel=ab&sig=0123456789&token=abcd"}, "ab 0123456789 abcd /x?y", "ab (sensitive) (sensitive) /x?y"},
		"a URL's user":       {[]string{"https://ghp_0123:x@h/"}, "user ghp_0123", "user (sensitive)"},
		"of a database":      {[]string{"postgres://ann:pass-word@db.example/customers_eu?sslmode=require"}, "postgres://ann@db.example/customers_eu: pass-word", "postgres://ann@db.example/customers_eu: (sensitive)"},
		"an address":         {[]string{"db.secret.example:5432"}, "no such host: \"db.secret.example\"", "no such host: \"(sensitive)\""},
		"a pattern apart":    {[]string{"/srv/customer x/*.log"}, "read /srv/customer x: no such folder", "read (sensitive): no such folder"},
		"a path":             {[]string{"/srv/customer x/Key-2.pem"}, "in /srv/customer x is no Key-2.pem", "in (sensitive) is no (sensitive)"},
		"of several parts":   {[]string{"deployment/customer-x7"}, `deployment "customer-x7" not found`, `deployment "(sensitive)" not found`},
		"of plain words":     {[]string{"deployment/production"}, "the deployment in production", "the deployment in production"},
		"lines with slashes": {[]string{"a\n/srv/customer-x7/log\n"}, "read customer-x7", "read customer-x7"},
		"a pattern":          {[]string{"/srv/customer-x/*.log"}, "read /srv/customer-x: no such folder", "read (sensitive): no such folder"},
		"made of one: URL":   {[]string{"k3y-k3y", "https://api.example/reports-v12?key=k3y-k3y"}, "GET /reports-v12?x https://api.example", "GET /reports-v12?x https://api.example"},
		"made of one: torn":  {[]string{"S3cr3t/Pa+ss", "http://S3cr3t/Pa+ss.invalid/x"}, "POST /Pa+ss.invalid/x: http://S3cr3t: no such host", "POST /(sensitive).invalid/x: http://(sensitive): no such host"},
		"made of one: path":  {[]string{"S3cr3t/Pa*ss", "/tmp/S3cr3t/Pa*ss/x"}, "read /tmp/S3cr3t", "read /tmp/(sensitive)"},
		"holds another":      {[]string{"services", "https", "https://h/services/T0AAAA/tOkEn111"}, "POST /services/T0AAAA/tOkEn111: x", "POST (sensitive): x"},
		"surrounding spaces": {[]string{"hunter2\n"}, "got hunter2!", "got (sensitive)!"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var r Redactor
			for i, s := range tt.secrets {
				if strings.HasPrefix(name, "made of one") && i > 0 {
					r.Suspect(s) // an argument
					continue
				}
				r.Add(s)
			}
			if got := string(r.Bytes([]byte(tt.in))); got != tt.want {
				t.Errorf("Bytes(%q) = %q, want %q", tt.in, got, tt.want)
			}
			if got := r.String(tt.in); got != tt.want {
				t.Errorf("String(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

func TestCut(t *testing.T) {
	var r Redactor
	if got := r.Cut("hunter2-l"); got != "hunter2-l" {
		t.Errorf("without a secret: %q", got)
	}
	r.Add("hunter2-\"é\"-long")
	for in, want := range map[string]string{
		"x hunter2-": "x (sensitive)", "x hunter2-\"\xc3": "x (sensitive)", "x hunter2-\\\"": "x (sensitive)", "aHVudGVyMi": "(sensitive)", "HUNTER": "(sensitive)",
		"x hun": "x hun", "hunter2- x": "hunter2- x", "": "",
	} {
		if got := r.Cut(in); got != want {
			t.Errorf("Cut(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestNoSecretForAnySplit: whatever the secrets and however the text is cut into writes, no secret comes out, and what
// comes out is the same as for the whole text at once.
func TestNoSecretForAnySplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r Redactor
		// A small alphabet makes overlaps likely; none of it is in Blank, which would make a secret of its parts. "AAAA" is a word of ours.
		foreign := rapid.StringMatching(`[abx"<&]{4,9}`).Filter(func(s string) bool { return !strings.Contains(vocabulary, s) })
		secrets := rapid.SliceOfN(foreign, 1, 5).Draw(t, "secrets")
		for _, s := range secrets {
			r.Add(s)
			if rapid.Bool().Draw(t, "looked") { // which makes an automaton of those so far
				r.String(s)
			}
		}
		pieces := append([]string{"a", "b", "x", `"`, "<", "\\", "\\\\", `\u00`, "3c", "-", "a-b", "&", "amp;", "&#3", "4;", "%", "%2", "5C", "\n", " \n"}, secrets...)
		for _, s := range secrets {
			encoded, _ := json.Marshal(s)
			deeper, _ := json.Marshal(string(encoded))
			deepest, _ := json.Marshal(string(deeper))
			pieces = append(pieces, html.EscapeString(s), html.EscapeString(string(encoded)), strings.ReplaceAll(string(encoded), "&", "&amp;"))
			pieces = append(pieces, url.QueryEscape(string(encoded)), url.PathEscape(url.QueryEscape(s)), inLines(strings.Repeat("-", 54)+s+"--"))
			pieces = append(pieces, strings.ToUpper(s), string(encoded), string(deeper), string(deepest), string(deepest[:len(deepest)/2]), fmt.Sprintf("=% x", s), fmt.Sprintf("=% x:", s[:3]), url.QueryEscape(s), base64.StdEncoding.EncodeToString([]byte("abx"[:len(s)%3]+s+"ab")))
		}
		text := strings.Join(rapid.SliceOf(rapid.SampledFrom(pieces)).Draw(t, "text"), "")
		var out bytes.Buffer
		w := r.Writer(&out)
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			for n < len(rest) && rest[n-1] == '\n' { // what ends a line is let go: see TestALineIsLetGo
				n++
			}
			if _, err := io.WriteString(w, rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		for _, s := range secrets {
			shown := [][]byte{out.Bytes()}
			for _, l := range r.current().layers(out.Bytes()) {
				shown = append(shown, l.text)
			}
			for _, text := range shown {
				if bytes.Contains(bytes.ToLower(text), []byte(s)) {
					t.Fatalf("secret %q in %q, which is in %q (from %q)", s, text, out.String(), shown[0])
				}
			}
		}
		var whole bytes.Buffer
		w = r.Writer(&whole)
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		if whole.String() != out.String() {
			t.Fatalf("split gives %q, whole gives %q", out.String(), whole.String())
		}
	})
}

// inLines is text in base64 as MIME has it.
func inLines(text string) string {
	encoded := base64.StdEncoding.EncodeToString([]byte(text))
	return encoded[:76] + "\r\n" + encoded[76:] + "\n"
}

func TestSecretAddedBetweenWrites(t *testing.T) {
	var r Redactor
	var out bytes.Buffer
	w := r.Writer(&out)
	r.Add("first-secret")
	for _, text := range []string{"a first-", "secret b second-secret c"} {
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		r.Add("second-secret")
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "a (sensitive) b (sensitive) c"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestALineIsLetGo: a line that ends with what a secret may begin with does not wait for the next; the rest of the secret is blanked there all
// the same.
func TestALineIsLetGo(t *testing.T) {
	const secret = "hunter2-hunter2-hunter2"
	encoded := base64.StdEncoding.EncodeToString([]byte(secret)) // aHVudGVyMi1odW50ZXIyLWh1bnRlcjI=
	for name, test := range map[string]struct{ writes, shown []string }{
		"two letters":      {[]string{"8 aH\n", "next\n"}, []string{"8 aH\n", "next\n"}},
		"goes on":          {[]string{"8 aH\r\n", encoded[2:] + "\n"}, []string{"8 aH\r\n", "(sensitive)\n"}},
		"goes on in parts": {[]string{"8 aH\n", "Vu", "dGV", encoded[7:] + "\n"}, []string{"8 aH\n", "", "", "(sensitive)\n"}},
		"line by line":     {[]string{"8 aH\n", "V\n", encoded[3:] + "\n"}, []string{"8 aH\n", "", "(sensitive)\n"}},
		"many letters":     {[]string{"8 " + encoded[:9] + "\n", encoded[9:] + "\n"}, []string{"8 ", "(sensitive)\n"}},
		"many, and more":   {[]string{"8 " + encoded[:9] + "\n", "!"}, []string{"8 ", encoded[:9] + "\n!"}},
	} {
		t.Run(name, func(t *testing.T) {
			var r Redactor
			r.Add(secret)
			var out bytes.Buffer
			w := r.Writer(&out)
			for i, text := range test.writes {
				if _, err := io.WriteString(w, text); err != nil {
					t.Fatal(err)
				}
				if i == len(test.writes)-1 {
					if err := w.Flush(); err != nil {
						t.Fatal(err)
					}
				}
				if out.String() != test.shown[i] {
					t.Errorf("after %q: %q, expected %q", text, out.String(), test.shown[i])
				}
				out.Reset()
			}
		})
	}
}

func TestConcurrentUse(t *testing.T) {
	var r Redactor
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				secret := fmt.Sprintf("secret-%d-%d", i, j)
				r.Add(secret)
				if got := r.String("x " + secret + "!"); strings.Contains(got, "secret-") {
					t.Errorf("%q came out as %q", secret, got)
				}
			}
		})
	}
	wg.Wait()
}

// TestSuspect: what stands in the open is no secret for standing where one may, but for what is surely one.
func TestSuspect(t *testing.T) {
	const in = "Deploy to Production of eu-west: swordfish, key=mellon-friend"
	open := func(texts ...string) func(*Redactor) { return func(r *Redactor) { r.Open(slices.Values(texts)) } }
	suspect := func(text string) func(*Redactor) { return func(r *Redactor) { r.Suspect(text) } }
	add := func(text string) func(*Redactor) { return func(r *Redactor) { r.Add(text) } }
	tests := map[string]struct {
		does []func(*Redactor)
		want string
	}{
		"nothing in the open":  {[]func(*Redactor){suspect("production")}, strings.Replace(in, "Production", Blank, 1)},
		"in the open":          {[]func(*Redactor){open("to production"), suspect("production")}, in},
		"in capitals":          {[]func(*Redactor){open("PRODUCTION"), suspect("Production")}, in},
		"over two of them":     {[]func(*Redactor){open("eu-", "west"), suspect("eu-west")}, strings.Replace(in, "eu-west", Blank, 1)},
		"a line of several":    {[]func(*Redactor){open("production"), suspect("production\nswordfish\n")}, strings.Replace(in, "swordfish", Blank, 1)},
		"told later":           {[]func(*Redactor){open("swordfish"), suspect("swordfish"), open("production"), suspect("production")}, in},
		"surely, then perhaps": {[]func(*Redactor){open("production"), add("production"), suspect("production")}, strings.Replace(in, "Production", Blank, 1)},
		"perhaps, then surely": {[]func(*Redactor){open("production"), suspect("production"), add("production")}, strings.Replace(in, "Production", Blank, 1)},
		"a part of a URL":      {[]func(*Redactor){open("?key=mellon-friend"), suspect("https://example.com/?key=mellon-friend")}, in},
		"surely part of a URL": {
			[]func(*Redactor){open("?key=mellon-friend"), suspect("https://example.com/?key=mellon-friend"), add("https://example.com/?key=mellon-friend")},
			strings.Replace(in, "key=mellon-friend", Blank, 1),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var r Redactor
			for _, do := range tt.does {
				do(&r)
			}
			if got := r.String(in); got != tt.want {
				t.Errorf("got %q, expected %q", got, tt.want)
			}
		})
	}
}
