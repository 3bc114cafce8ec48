"""Lists of words that made-up values are drawn from. Data only."""

from __future__ import annotations


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines() if line.strip())


def _split(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.replace("\n", "|").split("|") if item.strip())


SAID_UNITS = dict(
    enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
    )
)  # how small numbers are also said

POOLS: dict[str, tuple[str, ...]] = {
    "city": _split("""Oslo|Lisbon|Kyoto|Nairobi|Quito|Hobart|Turin|Aarhus|Gdansk|Porto|Leeds|Lyon|Utrecht|Basel|Graz|Split
Tartu|Riga|Vilnius|Bergen|Malmo|Tampere|Cork|Bath|York|Ghent|Bruges|Nantes|Lille|Seville|Bilbao|Valencia|Naples|Bologna
Krakow|Brno|Bratislava|Ljubljana|Zagreb|Sofia|Athens|Izmir|Tbilisi|Yerevan|Baku|Almaty|Tashkent|Delhi|Mumbai|Pune|Jaipur
Kochi|Colombo|Dhaka|Hanoi|Da Nang|Bangkok|Chiang Mai|Penang|Jakarta|Manila|Cebu|Taipei|Seoul|Busan|Osaka|Sapporo|Perth
Adelaide|Auckland|Wellington|Suva|Honolulu|Anchorage|Vancouver|Calgary|Montreal|Boston|Denver|Austin|Memphis|New Orleans
Santa Fe|San Diego|Portland|Seattle|Mexico City|Oaxaca|Havana|Bogota|Lima|Cusco|La Paz|Santiago|Rosario|Montevideo|Salvador
Recife|Dakar|Accra|Lagos|Kigali|Kampala|Lusaka|Durban|Cape Town|Windhoek|Maputo|Cairo|Tunis|Fez|Rabat|Amman|Beirut|Muscat
Berlin|Hamburg|Munich|Leipzig|Vienna|Zurich|Geneva|Madrid|Barcelona|Rome|Milan|Florence|Venice|Paris|London|Dublin|Edinburgh"""),
    "country": _split("""Norway|Portugal|Japan|Kenya|Ecuador|Australia|Italy|Denmark|Poland|England|France|Spain|Austria|Croatia
Estonia|Latvia|Lithuania|Sweden|Finland|Ireland|Belgium|Turkey|Georgia|Armenia|India|Sri Lanka|Vietnam|Thailand|Malaysia
Indonesia|South Korea|New Zealand|Fiji|Canada|Mexico|Cuba|Colombia|Peru|Bolivia|Chile|Argentina|Uruguay|Brazil|Senegal
Ghana|Nigeria|Rwanda|Uganda|Zambia|South Africa|Namibia|Egypt|Morocco|Jordan|Oman|Germany|Switzerland|Greece|Iceland"""),
    "first_name": _split("""Anna|Ben|Carla|David|Elif|Farid|Greta|Hugo|Ines|Jonas|Kenji|Lena|Marta|Nils|Olga|Pavel|Quentin|Rosa
Samir|Tara|Umar|Vera|Wim|Xenia|Yusuf|Zoe|Aisha|Bruno|Chloe|Dmitri|Emma|Fatima|Goran|Hana|Ivan|Julia|Kofi|Laila|Mateo|Nora
Omar|Priya|Rafael|Sofia|Tomas|Ursula|Viktor|Wendy|Yara|Zane|Abebe|Bianca|Ciaran|Divya|Erik|Freya|Gustav|Heidi|Igor|Jade
Karim|Lucia|Mei|Noah|Oskar|Paula|Ravi|Silvia|Theo|Uma|Valentin|Willem|Ximena|Yuki|Zara|Alice|Oliver|Grace|Henry|Ruth"""),
    "last_name": _split("""Keller|Novak|Okafor|Silva|Tanaka|Moreau|Larsen|Rossi|Kowalski|Haddad|Mensah|Petrov|Garcia|Nguyen|Patel
Schmidt|Byrne|Costa|Dubois|Eriksen|Fischer|Gruber|Horvat|Ito|Jansen|Kaya|Lindqvist|Marino|Nowak|Ortiz|Popescu|Quinn|Ruiz
Santos|Takahashi|Ueda|Varga|Weber|Yilmaz|Zhang|Abara|Brandt|Castillo|Diallo|Evans|Fontaine|Gomez|Hansen|Ivanova|Jensen
Khan|Lopez|Meyer|Nakamura|Olsen|Park|Reyes|Singh|Torres|Urban|Vogel|Wagner|Ward|Young|Zimmer|Baker|Carter|Ellis|Foster"""),
    "language": _split("""French|German|Spanish|Italian|Japanese|Korean|Portuguese|Dutch|Polish|Turkish|Arabic|Hindi|Swedish|Finnish
Greek|Hungarian|Czech|Danish|Norwegian|Romanian|Ukrainian|Vietnamese|Thai|Swahili|Welsh|Icelandic|Catalan|Latin|Mandarin"""),
    "currency": _split(
        """EUR|USD|GBP|JPY|CHF|SEK|NOK|DKK|PLN|CZK|HUF|TRY|INR|CNY|KRW|AUD|NZD|CAD|MXN|BRL|ZAR|KES|EGP|THB|SGD"""
    ),
    "company": _split("""Northwind|Blue Harbor|Acme|Lumen Labs|Kestrel Foods|Harrow & Sons|Pinewood|Orbit Media|Tidal Works|Granite Bank
Fernhill|Copperline|Juniper Health|Vela Systems|Marlow Tools|Sundown Travel|Red Maple|Argent Legal|Oakridge|Polar Freight
Sable Design|Brightwell|Cobalt Energy|Delta Print|Elmwood Dairy|Fairwind|Glasshouse|Hollis Motors|Ironleaf|Kite & Key"""),
    "product": _split("""desk lamp|office chair|laptop stand|running shoes|espresso machine|water bottle|winter jacket|rain boots
bluetooth speaker|phone case|wool blanket|garden hose|electric kettle|yoga mat|backpack|bike helmet|usb cable|monitor arm
standing desk|notebook|sleeping bag|camping stove|cutting board|frying pan|toaster|air purifier|desk fan|hiking boots
wireless mouse|mechanical keyboard|reading glasses|umbrella|suitcase|travel pillow|tool box|ladder|paint roller|door mat"""),
    "food": _split("""lentil soup|pancakes|chicken curry|risotto|pad thai|greek salad|apple pie|fried rice|tacos|ramen|goulash|moussaka
shakshuka|carbonara|pumpkin bread|falafel|bibimbap|paella|borscht|dumplings|banana bread|ratatouille|chili|omelette|lasagna"""),
    "ingredient": _split("""eggs|flour|butter|milk|sugar|rice|onions|garlic|tomatoes|carrots|potatoes|spinach|basil|ginger|chickpeas|lentils
cream|cheddar|feta|olive oil|lemons|apples|bananas|oats|honey|yeast|black beans|mushrooms|zucchini|tofu|salmon|chicken"""),
    "song": _split("""Paper Lanterns|Slow River|Midnight Tram|Golden Hour|Salt and Smoke|Northern Line|Glass Animals Waltz|Hey Marlene
Ocean Avenue|Winter Birds|The Long Way Home|Copper Sky|Tangerine|Letters to Nobody|Blue Monday Rain|Lullaby for a Fox
Second Summer|Hollow Moon|Kites|Rosewater|Static|Broken Compass|Sunday Drivers|The Quiet Kind|Velvet Road|Echo Park"""),
    "artist": _split("""Mira Sol|The Lanterns|Otis Grey|Paper Cranes|Luna Park|Saint Harbor|Nova Lane|Kids of June|Ida Bloom|The Night Post
Blue Canary|Marble Arch|Theo Vance|Wild Ginger|Cold Harbor|Juno Field|The Alder Trio|Rita Moss|Hazel & Finch|Silver Pines"""),
    "book": _split("""The Salt Road|A Winter Alphabet|The Clockmaker's Garden|Rivers Without Names|The Paper House|Small Hours|Night Train
The Orchard Keeper's Son|Ash and Amber|The Last Cartographer|Letters from Tallinn|The Glass Island|A Field of Stones
The Quiet Engine|North of Nowhere|The Cinnamon Thief|Blue Lantern|How Bridges Fall|The Weight of Rain|A Map of Foxes"""),
    "film": _split("""The Iron Coast|Midnight in Turku|Paper Moonlight|The Last Signal|Harbor Lights|Seven Winters|The Tin Drummer's Wife
Red Dust|A Perfect Stranger|The Long Dark|Silent Orchard|Neon Tigers|The Falcon Job|Ghost of the Canal|Sugar Town
Before the Flood|Cold Front|The Weekend Guests|Lost in Lapland|The Violin Maker|Sand Castles|Under the Ice"""),
    "color": _split(
        """red|blue|green|yellow|orange|purple|black|white|grey|teal|navy|maroon|olive|pink|beige|turquoise|crimson|gold"""
    ),
    "animal": _split(
        """otter|fox|owl|badger|heron|hedgehog|lynx|wolf|seal|puffin|tortoise|gecko|moose|panda|koala|lemur|tapir|bison|ibex"""
    ),
    "plant": _split(
        """basil|fern|monstera|aloe|lavender|rosemary|mint|orchid|ivy|cactus|peace lily|snake plant|fig|jasmine|thyme|begonia"""
    ),
    "sport": _split(
        """football|tennis|basketball|handball|hockey|rugby|volleyball|badminton|cricket|swimming|cycling|athletics|judo"""
    ),
    "package": _split("""requests|numpy|lodash|express|flask|serde|tokio|left-pad|pandas|react|vite|pytest|black|ripgrep|curl|openssl|jq
sqlite3|httpx|rich|typer|attrs|click|eslint|webpack|boto3|celery|redis|uvicorn|scipy|pillow|zlib|ffmpeg|nginx|axum|clap"""),
    "word": _split("""lantern|harbor|meadow|copper|velvet|thunder|pebble|orchid|compass|whisper|glacier|saffron|marble|drizzle|ember
cascade|walnut|horizon|puzzle|quartz|ribbon|shadow|timber|umbrella|voyage|willow|zephyr|anchor|blossom|candle|dragon|echo
feather|garnet|hollow|island|jigsaw|kernel|lemon|mirror|nectar|oyster|pepper|quiver|raven|saddle|tulip|valley|window
breeze|canyon|dusk|fossil|grove|hazel|ivory|jungle|kettle|ladder|magnet|needle|opal|parcel|rocket|silver|tunnel|vessel"""),
    "topic": _split("""coral reefs|the silk road|photosynthesis|jazz history|solar panels|inflation|gut bacteria|black holes|urban farming
the french revolution|electric cars|sleep and memory|volcanoes|quantum computers|bird migration|ancient rome|vaccines
renewable energy|machine translation|the printing press|plate tectonics|caffeine|remote work|tea ceremonies|knitting
the water cycle|honey badgers|game theory|medieval trade|ocean currents|password managers|tax reform|public libraries"""),
    "title": _split("""Quarterly review|Team lunch|Budget planning|Roof repair|Spring clean-up|Launch checklist|Reading list|Trip to Porto
Weekly sync|Release notes|Design critique|Interview with Lena|Grocery run|Dentist|Parents' evening|Marketing plan|House hunt
Moving day|Garden plan|Thesis outline|Sprint retro|Board meeting|Book club|Safety training|Photo walk|Server migration
Onboarding guide|Annual report|Birthday ideas|Savings goals|Kitchen renovation|Choir practice|Bug triage|Garage sale"""),
    "sentence": _lines("""
The train leaves at noon.
Our <weekday> meeting moved to <room>.
I would like to book a table for two.
The quick report was finished by <first_name>.
Where can I find the nearest pharmacy?
Please keep the door closed at all times.
The <color> bicycle belongs to my neighbour.
We never received the parcel from <company>.
Thank you for your patience, we will be back soon.
<first_name> has lived in <city> for six years.
Rain is expected in <city> until <weekday>.
The soup is too salty but the bread is great.
Can you send me the file again?
I lost my keys somewhere near <street>.
All prices include tax and delivery.
The museum shop sells <product>s and postcards.
Their new album is called <song>.
This sentence has no secret meaning.
Good things come to those who wait.
He said that <book> was the best novel of the year.
The meeting with <person> is cancelled.
My grandmother grows <plant> on the balcony.
Nobody expected the <animal> to come back.
Version <version> fixes the crash on startup.
The order <code> was shipped yesterday.
"""),
    "message": _lines("""
I'll be ten minutes late
see you at <time>
the report is ready for review
can you call me back before <time>?
happy birthday!
thanks for dinner last night
the meeting is moved to <weekday>
please bring <ingredient> and <ingredient>
I'm on my way
the invoice <code> has been paid
dinner is ready
we need to talk about the budget
don't forget the <product>
I arrived safely in <city>
is the offer still open?
the server is back up
running late, start without me
the contract from <company> is signed
can we reschedule to <date>?
great job on the launch
the key is under the <color> pot
<first_name> says hi
let's meet at <street> at <time>
the parcel number is <code>
sorry, I missed your call
tickets for <city> are booked
lunch on <weekday>?
the build for <version> is green
"""),
    "note": _lines("""
the wifi password at the cabin is <word><integer 10 99>
<first_name> is allergic to <ingredient>
my locker number is <integer 10 400>
the plumber comes on <weekday> at <time>
I parked on level <integer 1 6>, spot <integer 1 200>
the rent is <integer 400 1900> a month
<first_name>'s birthday is on <integer 1 28> <month>
I prefer answers in short bullet points
the spare key is with <first_name>
our anniversary is <date>
the office code is <integer 1000 9999>
my shoe size is <integer 36 46>
I am learning <language>
the meeting with <company> went well
the car is due for inspection in <month>
order number <code> is still missing
my favourite tea is jasmine
the backup runs every <weekday>
the project deadline is <date>
<person> is my new manager
the dog takes half a tablet in the morning
I like my coffee without sugar
the blue folder holds the insurance papers
the router's address is <ip>
my library card number is <integer 10000 99999>
the gym closes at <time> on <weekday>
I use <package> for the <word> project
"""),
    "command": _split("""ls -la|git status|df -h|make test|npm run build|python manage.py migrate|du -sh *|top -b -n 1|uname -a|whoami
cargo build --release|docker ps|pip list|tail -n 50 app.log|grep -r TODO src|ps aux|free -m|git log --oneline -5|go test ./...
systemctl status nginx|curl -I localhost:8080|wc -l *.py|find . -name '*.tmp'|ping -c 3 example.org|env|uptime|mvn package"""),
    "sql": _split("""SELECT * FROM users LIMIT 10|SELECT count(*) FROM orders|SELECT name FROM products WHERE price > 20
DELETE FROM sessions WHERE expired = 1|UPDATE items SET stock = 0 WHERE id = 7|SELECT city, count(*) FROM customers GROUP BY city
SELECT max(total) FROM invoices|SELECT * FROM logs ORDER BY at DESC LIMIT 5|SELECT email FROM users WHERE active = 0
INSERT INTO tags (name) VALUES ('new')|SELECT avg(score) FROM reviews WHERE product_id = 12"""),
    "regex": _split(r"""\d+|^\s*$|[a-z]+_id|\bfoo\b|error: (.*)|\d{4}-\d{2}-\d{2}|^#.*|https?://\S+|[A-Z]{3}-\d+|\s+$|colou?r|^v\d+\.\d+
"[^"]*"|[0-9a-f]{8}|\w+@\w+\.com|\t|^import .*"""),
    "timezone": _split("""Europe/Berlin|America/New_York|Asia/Tokyo|UTC|Europe/London|Asia/Kolkata|Australia/Sydney|America/Sao_Paulo
Africa/Nairobi|Pacific/Auckland|America/Chicago|Asia/Dubai|Europe/Lisbon|America/Los_Angeles|Asia/Singapore"""),
    "airport": _split("""OSL|LIS|KIX|NBO|UIO|HBA|TRN|GDN|OPO|LYS|AMS|BSL|GRZ|RIX|VNO|BGO|TMP|ORK|CDG|LHR|JFK|SFO|BOS|DEN|YVR|HND|ICN|SIN
DXB|DOH|DEL|BOM|SYD|PER|AKL|GRU|EZE|LIM|BOG|MEX|CPT|CAI|CMN|ATH|FCO|MXP|VIE|ZRH|MUC|BER"""),
    "weekday": _split("Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"),
    "month": _split("January|February|March|April|May|June|July|August|September|October|November|December"),
    "job": _split("""electrician|nurse|data analyst|teacher|graphic designer|plumber|backend developer|accountant|chef|carpenter|translator
sales manager|bus driver|pharmacist|architect|copywriter|project manager|welder|product designer|receptionist|gardener"""),
    "subject": _split(
        """algebra|biology|history|chemistry|geography|physics|grammar|geometry|economics|music theory|statistics|art"""
    ),
    "material": _split(
        """oak|steel|cotton|copper|glass|linen|aluminium|concrete|wool|bamboo|leather|brass|slate|plywood|silk|cork"""
    ),
    "tag": _split("""urgent|home|work|travel|recipes|later|finance|reading|family|research|invoices|ideas|health|backend|draft|archive-me
q3|personal|bug|wishlist|school|garden|follow-up|legal"""),
    "hobby": _split("""knitting|bird watching|rock climbing|pottery painting|baking|photography|running|gardening|board games|origami|fishing
calligraphy|cycling|woodworking|painting|surfing|geocaching|sewing"""),
    "vehicle": _split(
        """van|motorbike|minibus|truck|sedan|scooter|hatchback|camper|electric bike|pickup|convertible|tractor|tram"""
    ),
    "body_part": _split("shoulder|knee|neck|lower back|ankle|wrist|hip|elbow|calf|chest|hamstring|foot"),
    "instrument": _split(
        "guitar|violin|drums|flute|cello|trumpet|ukulele|saxophone|clarinet|harp|bass|accordion|banjo"
    ),
    "station": _split("""Central|Harbour|Riverside|Oakfield|North Gate|Mill Lane|University|Airport East|Old Town|Kings Park|Westhaven
Union Square|Market Street|Elm Road|Lakeside|Southbank|Victoria|Hillcrest|Stadium|Botanic Garden"""),
    "team": _split("""Red Foxes|Harbor FC|Northside United|Lakers West|River Wolves|Iron Bears|City Rovers|Blue Herons|Valley Kings|Storm
Coastal Rangers|Mountain Goats|Thunder|Golden Eagles|Union Stars|Sparrows"""),
    "room": _split(
        """kitchen|living room|bedroom|bathroom|hallway|garage|office|basement|attic|nursery|dining room|balcony|study|laundry room"""
    ),
    "device": _split("""lamp|heater|fan|speaker|tv|coffee machine|dishwasher|washing machine|blinds|router|thermostat|vacuum robot|doorbell
humidifier|printer|charger|oven|ceiling light|air conditioner|garden lights"""),
    "file_stem": _split("""report|notes|budget|invoice|main|config|data|summary|draft|todo|results|index|users|sales|letter|recipe|plan|log
settings|orders|test|readme|backup|contacts|schedule|thesis|poem|menu|prices|inventory|minutes|agenda|journal|changelog|utils
server|client|schema|export|survey|scores|weather|trip|packing|ideas|outline|chapter|photo|cover|song|expenses|payroll"""),
    "extension": _split(
        "txt|txt|txt|md|md|csv|json|py|log|pdf|toml|yaml|html|js|ini|xml|docx|png|jpg|rs|go|c|sh|tsv|cfg|sql|css"
    ),
    "folder_name": _split("""src|docs|data|reports|photos|backup|tests|projects|music|invoices|2024|2025|old|drafts|images|scripts|logs|lib
config|notes|work|archive|assets|exports|public|recipes|letters|build|home|team|clients|travel|school|taxes|videos|tmp"""),
}
