"""The templates of the bank's arithmetic problems, in a notation of their own.

Each template is `# name | numbers | things | slip`, a line `? condition on the numbers` where one is needed, the
question, and a `- ` line for each step of the solution.
  numbers  range of each, with a step after a slash: a=2-9 b=10-50/5
  things   nouns to draw from; after a slash a plural that is not singular + s. In the text: {one} {many}
  slip     the number that a typical slip gives
In the text <x|y> is one of the wordings, {name} {friend} {third} people, {she} {She} {her} {Her} for name.
In a step the one expression [a * b] is shown as "3 * 4 = 12"; its value is s1, s2, s3 in order.
"""

TEMPLATES = """
# shelves | a=12-38 b=13-39 | book, novel, magazine, comic, record | a + b - 10
? a % 10 + b % 10 > 9
{name} has {a} {many} on <one|the top> shelf and {b} on <another|the shelf below>. How many {many} are on
the two shelves together?
- The two shelves hold [a + b] {many}.
# gift | a=9-30 b=3-8 | marble, sticker, shell, button, postcard | a + b
{name} has {a} {many} and gives {b} of them to {friend}. How many {many} does {name} <have left|still
have>?
- {name} has [a - b] {many} left.
# boxes | a=3-9 b=4-12 | candle, egg, crayon, tile, light bulb | a + b
There are {b} {many} in each box. {name} <opens|carries|buys> {a} boxes. How many {many} is that?
- That is [a * b] {many}.
# sharing | a=12-72 b=3-9 | biscuit, cherry/cherries, grape, nut, strawberry/strawberries | a - b
{name} <shares|divides> {a} {many} equally among {b} <friends|children|guests>. How many {many} does each
of them get?
- Each gets [a / b] {many}.
# ahead | a=35-90 b=12-34 | page, verse, poem, exercise, puzzle | a + b
{name} has finished {a} {many} of a book and {friend} has finished {b}. How many more {many} has {name}
finished?
- {name} has finished [a - b] {many} more.
# rows | a=3-9 b=5-14 | chair, bench/benches, stool, desk, cushion | a + b
{name} sets out {a} rows of {many}, with {b} {many} in each row. How many {many} <are there|does {she} set
out>?
- There are [a * b] {many}.
# price | a=3-9 b=4-12 | notebook, lamp, basket, brush/brushes, towel | a + b
One {one} costs ${b}. {name} <buys|orders> {a} of these {many}. How many dollars does {she} pay?
- {name} pays [a * b] dollars.
# ride | a=4-25 b=27-58 h=6-11 | bus/buses, train, tram, ferry/ferries, coach/coaches | b
{name}'s {one} leaves {a} minutes past {h} and arrives {b} minutes past {h}. How many minutes does the
ride take?
- The ride takes [b - a] minutes.
# older | a=14-40 b=3-11 | cousin, neighbor, classmate, colleague, teammate | a - b
{name} is {a} years old. {Her} {one} {friend} is {b} years older. How old is {friend}?
- {friend} is [a + b] years old.
# daily | a=4-15 b=3-9 | letter, drawing, crossword, worksheet, thank-you note | a + b
{name} finishes {a} {many} <every|each> day. How many {many} does {she} finish in {b} days?
- In {b} days {name} finishes [a * b] {many}.
# half | a=12-60/2 | apple, plum, pear, lemon, carrot | a * 2
{name} picks {a} {many} and uses exactly half of them for a <cake|salad|smoothie>. How many {many}
does {she} use?
- {name} uses [a / 2] {many}.
# cooling | a=18-33 b=4-14 | garden, greenhouse, kitchen, workshop, attic | a + b
At noon it is {a} degrees in {name}'s {one}. By evening it is {b} degrees cooler. How many degrees is that?
- In the evening it is [a - b] degrees.
# bags_used | a=2-6 b=4-9 c=3-9 | onion, potato/potatoes, orange, tomato/tomatoes, bread roll | a * b
? c < a * b
{name} buys {a} bags with {b} {many} in each, and then uses {c} of the {many}. How many {many} are left?
- The {a} bags hold [a * b] {many}.
- After using {c}, {name} has [s1 - c] {many} left.
# change | a=2-5 b=3-9 c=20-50/10 | mug, scarf/scarves, puzzle, plant, picture frame | a * b
? c > a * b
{name} <buys|picks out> {a} {many} at ${b} each and pays with ${c}. How many dollars of change is that?
- The {a} {many} cost [a * b] dollars.
- The change is [c - s1] dollars.
# twice | a=6-24 | stamp, coin, badge, medal, toy car | a * 2
{name} has {a} {many}. {friend} has twice as many {many} as {name}. How many {many} do {name} and {friend}
have together?
- {friend} has [a * 2] {many}.
- Together they have [a + s1] {many}.
# more_together | a=8-30 b=3-12 | seashell, mushroom, pine cone, feather, pebble | a + b
{name} finds {a} {many}. {friend} finds {b} more than {name}. How many {many} do {name} and {friend} find
in all?
- {friend} finds [a + b] {many}.
- In all they find [a + s1] {many}.
# wages | a=3-8 b=9-16 c=12-30 | jacket, backpack, board game, desk fan, pair of shoes/pairs of shoes | a * b
? c < a * b
{name} works {a} hours for ${b} an hour and then spends ${c} on a {one}. How many dollars does {she} have
left?
- {name} earns [a * b] dollars.
- After buying the {one}, {she} has [s1 - c] dollars left.
# stops | a=14-40 b=4-12 c=3-11 | bus/buses, tram, ferry/ferries, train carriage, cable car | a - b
? a > b
A {one} <carries|has> {a} passengers. At the next stop {b} get off and {c} get on. How many passengers are
on the {one} now?
- After {b} get off, there are [a - b] passengers.
- After {c} get on, there are [s1 + c] passengers.
# training | a=3-8 b=2-5 c=3-8 | run/runs, swim/swims, walk/walks, cycle/cycles, jog/jogs | a * b
{name} {many} {a} kilometers on {b} days every week. How many kilometers is that in {c} weeks?
- In one week {name} {many} [a * b] kilometers.
- In {c} weeks that makes [s1 * c] kilometers.
# seedlings | a=3-9 b=4-12 c=3-9 | tulip, lettuce, bean plant, sunflower, cabbage | a * b
? c < a * b
{name} plants {a} rows of {b} {many}. Later {c} of the {many} are eaten by snails. How many {many} remain?
- {name} plants [a * b] {many}.
- After the snails, [s1 - c] {many} remain.
# saving | a=4-30 b=40-120 c=4-12 | skateboard, guitar, camera, tent, jacket | b / c
? b > a
{name} has ${a} and wants a {one} that costs ${b}. {She} saves ${c} a week. In how many weeks can {she}
buy it?
- {name} still needs [b - a] dollars.
- That takes [s1 / c] weeks.
# reading | a=90-240/10 b=9-24 c=3-8 | novel, travel book, comic, biography/biographies, textbook | b * c
? b * c < a
A {one} has {a} pages, and {name} reads {b} pages a day for {c} days. How many pages <are left|remain>?
- In {c} days {name} reads [b * c] pages.
- That leaves [a - s1] pages.
# trays | a=3-8 b=6-12 c=3-8 | muffin, scone, cupcake, cookie, bagel | a * b
{name} bakes {a} trays of {b} {many} and packs them equally into {c} boxes. How many {many} go into each
box?
- {name} bakes [a * b] {many}.
- Each box gets [s1 / c] {many}.
# kept_shared | a=20-60 b=4-12 c=3-8 | balloon, pencil, badge, peach/peaches, ticket | a / c
? a > b
{name} has {a} {many}. {She} keeps {b} and shares the rest equally among {c} friends. How many {many} does
each friend get?
- To share there are [a - b] {many}.
- Each friend gets [s1 / c] {many}.
# future_age | a=8-14 b=3-4 c=3-12 | uncle, aunt, neighbor, coach, teacher | a * b
{name} is {a} years old and {her} {one} is {b} times as old. How old will {her} {one} be in {c} years?
- The {one} is now [a * b] years old.
- In {c} years the {one} will be [s1 + c] years old.
# broken | a=24-80 b=3-9 c=10-18 | plate, cup, glass/glasses, bowl, saucer | a - b
? a > b
A café has {a} {many}. {name} drops {b} of them and then buys {c} new {many}. How many {many} does the
café have now?
- After the accident there are [a - b] {many}.
- With the new ones there are [s1 + c] {many}.
# fabric | a=12-40 b=2-6 c=3-9 | ribbon, rope, cable, wallpaper, fabric | b * c
? b * c < a
{name} has {a} meters of {one} and cuts off {c} pieces of {b} meters each. How many meters of {one}
remain?
- The pieces take [b * c] meters.
- That leaves [a - s1] meters.
# teams | a=8-28 b=7-30 c=3-6 | quiz/quizzes, relay race, treasure hunt, cooking contest, rowing race | a / c
For a {one}, {a} adults and {b} children form teams of {c}. How many teams can they form?
- There are [a + b] people.
- They form [s1 / c] teams.
# third_sold | a=12-90/3 | painting, vase, bicycle, carpet, clock | a / 3
{name} has {a} {many} in {her} shop. {She} sells one third of them to {friend}. How many {many}
<remain|are left>?
- {name} sells [a / 3] {many}.
- There are still [a - s1] {many} in the shop.
# discount | a=20-80/5 b=4-15 c=2-4 | coat, radio, kettle, suitcase, blanket | a * c
? a > b
A {one} that costs ${a} is now ${b} cheaper. {name} buys {c} of the {many}. How many dollars does {she}
pay?
- One {one} now costs [a - b] dollars.
- {name} pays [s1 * c] dollars.
# legs | a=3-12 b=2-9 | cow, goat, sheep/sheep, donkey, horse | a + b
On {name}'s farm there are {a} hens and {b} {many}. How many legs do the hens and the {many} have
altogether?
- The hens have [a * 2] legs.
- The {many} have [b * 4] legs.
- Altogether that is [s1 + s2] legs.
# two_packs | a=2-6 b=4-12 c=2-6 d=3-10 | battery/batteries, paper plate, tea bag, napkin, nail | a * b
{name} buys {a} packs of {b} {many} and {c} packs of {d} {many}. How many {many} does {she} buy?
- The first packs hold [a * b] {many}.
- The other packs hold [c * d] {many}.
- In all {name} buys [s1 + s2] {many}.
# entry | a=2-6 b=9-16 c=2-7 d=3-8 | zoo, museum, swimming pool, cinema, castle | a * b
At a {one} adults pay ${b} and children ${d}. {name} pays for {a} adults and {c} children. How many
dollars is that?
- The adults cost [a * b] dollars.
- The children cost [c * d] dollars.
- Together that is [s1 + s2] dollars.
# mixed_change | a=2-5 b=3-8 c=4-12 d=40-100/20 | salad, pancake, pizza, burger | d - a * b
? d > a * b + c
{name} buys {a} {many} at ${b} each and a drink tray for ${c}. {She} pays with ${d}. How many dollars does
{she} get back?
- The {many} cost [a * b] dollars.
- With the tray that is [s1 + c] dollars.
- {name} gets back [d - s2] dollars.
# weekend | a=3-7 b=2-6 c=8-15 d=10-40 | toolbox/toolboxes, haircut, cookbook, racket | (a + b) * c
? d < (a + b) * c
{name} works {a} hours on Saturday and {b} on Sunday for ${c} an hour. {She} spends ${d} on a {one}. How
many dollars are left?
- {name} works [a + b] hours.
- {She} earns [s1 * c] dollars.
- After the {one} there are [s2 - d] dollars left.
# shared_rest | a=2-6 b=5-12 c=3-9 d=2-6 | date, fig, olive, chocolate, peanut | a * b / d
? a * b > c
{name} opens {a} bags of {b} {many}, eats {c} and <shares|divides> the rest equally among {d} friends.
How many {many} does each friend get?
- The bags hold [a * b] {many}.
- After eating {c}, there are [s1 - c] {many}.
- Each friend gets [s2 / d] {many}.
# three_people | a=5-15 b=3-9 | goal, point, basket, home run, penalty/penalties | a + a * 2
This season {name} scores {a} {many}, {friend} scores twice as many, and {third} scores {b} more than
{friend}. How many {many} do the three score?
- {friend} scores [a * 2] {many}.
- {third} scores [s1 + b] {many}.
- The three score [a + s1 + s2] {many}.
# trip | a=40-70/5 b=2-4 c=30-90/5 d=2-3 | lake, forest, village, harbor, waterfall | a + c
Going to a {one}, {name} drives {b} hours at {a} kilometers an hour and {d} hours at {c} kilometers an
hour. How many kilometers is that?
- The first part is [a * b] kilometers.
- The second part is [c * d] kilometers.
- The whole way is [s1 + s2] kilometers.
# fence | a=8-30 b=4-15 c=3-9 | garden, meadow, yard, chicken run, playground | (a + b) * c
{name}'s rectangular {one} measures {a} by {b} meters. How many dollars does a fence around the {one} cost
at ${c} a meter?
- One long and one short side are [a + b] meters.
- Around the {one} that makes [s1 * 2] meters.
- At ${c} a meter the fence costs [s2 * c] dollars.
# stall | a=12-40 b=3-9 c=8-25 d=2-6 | jam jar, candle, bracelet, birdhouse | a * b
? a * b > c
{name} sells {a} {many} at ${b} each, spends ${c} of this and divides the rest equally among {d} helpers,
{friend} among them. How many dollars does {friend} get?
- The {many} bring in [a * b] dollars.
- After spending ${c}, there are [s1 - c] dollars to divide.
- {friend} gets [s2 / d] dollars.
# shelter | a=24-96/4 b=2-9 | kitten, puppy/puppies, rabbit, parrot, hamster | a / 4
? b < a / 4
A shelter has {a} {many}. Half of the {many} are <brown|gray|spotted>, and half of those are female. {name}
adopts {b} of these females. How many of the females stay?
- Half of the {many} is [a / 2].
- Of those, [s1 / 2] are female.
- After {name}'s visit, [s2 - b] of them stay.
# refill | a=3-9 b=5-12 c=6-15 d=4-20 | soap bar, rice bag, soup can, juice carton | a * b - c
? a * b > c
{name} fills {a} shelves with {b} {many} each, sells {c} of them and then puts back {d} others. How many
{many} are on the shelves now?
- At first there are [a * b] {many}.
- After the sale there are [s1 - c] {many}.
- With the new ones there are [s2 + d] {many}.
"""
