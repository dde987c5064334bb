# SPDX-License-Identifier: GPL-2.0
# Refreshes of snapshots as SVG, both axes logarithmic: a dot for each repeat, a line
# through the medians, and a dashed one of what is in proportion to the most changed.
def median: sort | if length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def tenths: . * 10 | round / 10;
def x: 90 + 130 * (if . < 1 then 0 else log10 + 1 end);	# 0 stands left of 1
def y: 430 - 90 * ((. / 1000) | log10);			# from 1 us on
def text($x; $y; $anchor): "<text x=\"\($x | tenths)\" y=\"\($y | tenths)\" text-anchor=\"\($anchor)\">\(.)</text>";
def line($x1; $y1; $x2; $y2; $style): "<line x1=\"\($x1 | tenths)\" y1=\"\($y1 | tenths)\" x2=\"\($x2 | tenths)\" y2=\"\($y2 | tenths)\" \($style)/>";

map(select(.bench == "snapshot_refresh")) as $all
| if $all == [] then error("no refresh was measured") else . end
| ($all | map(.entries) | max) as $entries
| ($all | map(select(.entries == $entries))) as $dots
| ($dots | group_by(.changed) | map({ changed: .[0].changed, ns: (map(.ns_per_op) | median) })) as $medians
| ($medians | last) as $most
| ($medians | first) as $least
| "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\" height=\"500\" font-family=\"sans-serif\" font-size=\"13\">",
"<rect width=\"760\" height=\"500\" fill=\"white\"/>",
("Refresh of a snapshot of \($entries) entries (\($dots[0].kernel))" | text(380; 24; "middle")),
("segments changed since the last refresh" | text(380; 490; "middle")),
("us" | text(20; 70; "start")),
((0, 1, 10, 100, 1000, 10000) | line(x; 70; x; 430; "stroke=\"#ddd\""), (tostring as $t | x as $x | $t | text($x; 452; "middle"))),
((1, 10, 100, 1000, 10000) | (. * 1000 | y) as $y | line(90; $y; 740; $y; "stroke=\"#ddd\""), (tostring | text(80; $y + 4; "end"))),
((($most.ns - $least.ns) / ($most.changed - $least.changed)) as $each
	| "<polyline fill=\"none\" stroke=\"#c60\" stroke-dasharray=\"5 4\" points=\"\([range(0; 41) | . / 10 | exp10 | select(. <= $most.changed) | "\(x | tenths),\($least.ns + . * $each | y | tenths)"] | join(" "))\"/>",
	("\($least.ns / 1000 | tenths) us and \($each | round) ns a segment" | text(110; 90; "start"))),
"<polyline fill=\"none\" stroke=\"#06c\" points=\"\([$medians[] | "\(.changed | x | tenths),\(.ns | y | tenths)"] | join(" "))\"/>",
($dots[] | "<circle cx=\"\(.changed | x | tenths)\" cy=\"\(.ns_per_op | y | tenths)\" r=\"3\" fill=\"#06c\" fill-opacity=\"0.5\"/>"),
"</svg>"
