package frame

import "testing"

func TestTie(t *testing.T) {
	for _, tt := range []struct{ name, named, page, want string }{
		{"nothing wrong", "", `<P class=field><input id="a"  value='1'></P>`, `<P class=field><input id="a"  value='1'></P>`},
		{"an input", "", `<p class="field"><label for="a">A</label><INPUT id="a" value="&lt;"> <span class="field__wrong">No.</span></p><p>&amp;</p>`,
			`<p class="field"><label for="a">A</label><input id="a" value="&lt;" aria-describedby="a-wrong" aria-invalid="true"> <span class="field__wrong" id="a-wrong">No.</span></p><p>&amp;</p>`},
		{"one with a help", "", `<p class="x field"><textarea id="a" aria-describedby="a-help" aria-invalid="true"></textarea><span class="field__wrong">No.</span></p>`,
			`<p class="x field"><textarea id="a" aria-describedby="a-help a-wrong" aria-invalid="true"></textarea><span class="field__wrong" id="a-wrong">No.</span></p>`},
		{"the second field", "", `<p class="field"><input id="a"></p><p class="field"><input type="hidden" id="x"><select id="b"></select><span class="field__wrong">No.</span></p>`,
			`<p class="field"><input id="a"></p><p class="field"><input type="hidden" id="x"><select id="b" aria-describedby="b-wrong" aria-invalid="true"></select><span class="field__wrong" id="b-wrong">No.</span></p>`},
		{"a group", "", `<fieldset class="field"><legend>E</legend><input type="checkbox" name="e"><span class="field__wrong">No.</span></fieldset>`,
			`<fieldset class="field" aria-describedby="field-0-wrong"><legend>E</legend><input type="checkbox" name="e"><span class="field__wrong" id="field-0-wrong">No.</span></fieldset>`},
		{"outside a field", "", `<input id="a"><span class="field__wrong">No.</span>`, `<input id="a"><span class="field__wrong">No.</span>`},
		{"one that is named", "b", `<input id="a"><input id="b" aria-describedby="b-help">`, `<input id="a"><input id="b" aria-describedby="b-help problem" aria-invalid="true">`},
		{"named, with words beside it", "a", `<p class="field"><input id="a"><span class="field__wrong">No.</span></p>`,
			`<p class="field"><input id="a" aria-describedby="a-wrong" aria-invalid="true"><span class="field__wrong" id="a-wrong">No.</span></p>`},
		{"named, and not there", "c", `<p id="c">x</p><input id="a">`, `<p id="c">x</p><input id="a">`},
		{"words that are no tag", "", `<p class="field">field__wrong &lt;input&gt;</p>`, `<p class="field">field__wrong &lt;input&gt;</p>`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := string(tie([]byte(tt.page), tt.named)); got != tt.want {
				t.Errorf("tie(%s, %s)\n = %s\nwant %s", tt.page, tt.named, got, tt.want)
			}
		})
	}
}
