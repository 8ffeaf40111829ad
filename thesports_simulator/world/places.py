"""The countries and towns of the world, and the parts of the names of clubs and players."""

from typing import NamedTuple


class Country(NamedTuple):
    """A football country, with the words for its competitions, clubs and national sides."""

    name: str
    category: int
    code: str
    adjective: str
    style: str
    towns: tuple[str, ...]


EUROPE, AMERICAS, ASIA, AFRICA, OCEANIA, INTERNATIONAL = range(6)

# The vendor's own six category ids, as its country list shows them.
CATEGORIES = (
    ("49vjxm8ghgr6odg", "Europe"),
    ("0gx7lm7ph0m2wdk", "Americas"),
    ("ngy0or5jh3qwzv3", "Asia"),
    ("9d23xmvkhxqg8ny", "Africa"),
    ("xkn54qllhjqvy9d", "Oceania"),
    ("kp3glrw7hwqdyjv", "International"),
)


def _country(name: str, category: int, code: str, adjective: str, style: str, towns: str) -> Country:
    return Country(name, category, code, adjective, style, tuple(towns.split(", ")))


COUNTRIES = (
    _country(
        "England", EUROPE, "ENG", "English", "en", "Ashford, Barrow, Kettering, Whitby, Stafford, Truro, Ely"
    ),
    _country("Italy", EUROPE, "ITA", "Italian", "it", "Pavia, Lucca, Trani, Imola, Matera, Nuoro, Forlì"),
    _country("Spain", EUROPE, "SPA", "Spanish", "es", "Lorca, Jaén, Ávila, Tudela, Mérida, Cáceres, Linares"),
    _country("Germany", EUROPE, "GER", "German", "de", "Fürth, Gießen, Lüneburg, Ulm, Trier, Worms, Jülich"),
    _country("France", EUROPE, "FRA", "French", "fr", "Béziers, Vannes, Épinal, Dieppe, Sète, Cholet, Gap"),
    _country(
        "Portugal", EUROPE, "POR", "Portuguese", "es", "Évora, Guarda, Beja, Tomar, Lamego, Fátima, Chaves"
    ),
    _country("Netherlands", EUROPE, "NED", "Dutch", "de", "Assen, Gouda, Hoorn, Delft, Venray, Meppel, Tiel"),
    _country("Belgium", EUROPE, "BEL", "Belgian", "fr", "Namur, Aalst, Arlon, Ypres, Dinant, Mons, Geel"),
    _country("Sweden", EUROPE, "SWE", "Swedish", "no", "Umeå, Växjö, Borås, Gävle, Ystad, Falun, Kiruna"),
    _country(
        "Norway", EUROPE, "NOR", "Norwegian", "no", "Bodø, Molde, Ålesund, Hamar, Narvik, Førde, Lillehammer"
    ),
    _country("Denmark", EUROPE, "DEN", "Danish", "no", "Ribe, Køge, Hobro, Thisted, Næstved, Skive, Tønder"),
    _country(
        "Finland", EUROPE, "FIN", "Finnish", "no", "Kemi, Hämeenlinna, Pori, Lahti, Järvenpää, Kotka, Salo"
    ),
    _country("Poland", EUROPE, "POL", "Polish", "ea", "Łomża, Elbląg, Chełm, Rybnik, Słupsk, Zamość, Kutno"),
    _country(
        "Czech Republic", EUROPE, "CZE", "Czech", "ea", "Kolín, Tábor, Cheb, Písek, Děčín, Třinec, Zlín"
    ),
    _country("Serbia", EUROPE, "SER", "Serbian", "ea", "Čačak, Užice, Vršac, Niš, Šabac, Pirot, Sombor"),
    _country(
        "Croatia", EUROPE, "CRO", "Croatian", "ea", "Sisak, Požega, Zadar, Pula, Đakovo, Vinkovci, Knin"
    ),
    _country(
        "Turkey", EUROPE, "TUR", "Turkish", "ea", "Muğla, Çorum, Iğdır, Sivas, Kütahya, Bolu, Şanlıurfa"
    ),
    _country("Greece", EUROPE, "GRE", "Greek", "ea", "Volos, Kavala, Drama, Serres, Lamia, Chania, Veria"),
    _country(
        "Iceland", EUROPE, "ICE", "Icelandic", "no", "Akranes, Höfn, Húsavík, Selfoss, Ísafjörður, Dalvík"
    ),
    _country("Ireland", EUROPE, "IRE", "Irish", "en", "Sligo, Tralee, Ennis, Dundalk, Athlone, Bray, Cobh"),
    _country(
        "Brazil",
        AMERICAS,
        "BRA",
        "Brazilian",
        "es",
        "Itabuna, Maringá, Goianésia, Araçatuba, Sobral, Marília",
    ),
    _country(
        "Argentina",
        AMERICAS,
        "ARG",
        "Argentine",
        "es",
        "Junín, Paraná, Luján, Tandil, Rafaela, Viedma, Salta",
    ),
    _country(
        "Colombia",
        AMERICAS,
        "COL",
        "Colombian",
        "es",
        "Ibagué, Neiva, Pasto, Tunja, Popayán, Montería, Cúcuta",
    ),
    _country(
        "Chile", AMERICAS, "CHI", "Chilean", "es", "Chillán, Curicó, Arica, Talca, Ovalle, Osorno, Iquique"
    ),
    _country("Mexico", AMERICAS, "MEX", "Mexican", "es", "Celaya, Mérida, Tepic, Colima, Durango, Zacatepec"),
    _country(
        "United States",
        AMERICAS,
        "USA",
        "United States",
        "en",
        "Tulsa, Boise, Fresno, Omaha, Dayton, Mobile, Reno",
    ),
    _country(
        "Costa Rica",
        AMERICAS,
        "CRC",
        "Costa Rican",
        "es",
        "Limón, Heredia, Alajuela, Cartago, Liberia, Grecia",
    ),
    _country("Japan", ASIA, "JPN", "Japanese", "as", "Akita, Ehime, Gifu, Tottori, Imabari, Mito, Toyama"),
    _country(
        "South Korea",
        ASIA,
        "KOR",
        "South Korean",
        "as",
        "Asan, Gimpo, Jeonju, Anyang, Cheonan, Mokpo, Yangsan",
    ),
    _country(
        "Australia", ASIA, "AUS", "Australian", "en", "Geelong, Cairns, Dubbo, Bendigo, Mildura, Albany"
    ),
    _country("India", ASIA, "IND", "Indian", "as", "Kollam, Imphal, Shillong, Thrissur, Siliguri, Mapusa"),
    _country("Vietnam", ASIA, "VIE", "Vietnamese", "as", "Huế, Đà Nẵng, Nam Định, Vinh, Cần Thơ, Pleiku"),
    _country(
        "Indonesia", ASIA, "INA", "Indonesian", "as", "Madiun, Kediri, Solo, Bekasi, Jepara, Padang, Palu"
    ),
    _country("Iran", ASIA, "IRN", "Iranian", "as", "Qazvin, Rasht, Zanjan, Sari, Yazd, Bushehr, Arak"),
    _country("Saudi Arabia", ASIA, "KSA", "Saudi", "as", "Abha, Najran, Hail, Unaizah, Tabuk, Jizan, Rass"),
    _country("Egypt", AFRICA, "EGY", "Egyptian", "as", "Tanta, Aswan, Damanhur, Sohag, Minya, Suez, Qena"),
    _country("Nigeria", AFRICA, "NGA", "Nigerian", "en", "Aba, Jos, Akure, Lafia, Owerri, Gombe, Yola"),
    _country("Ghana", AFRICA, "GHA", "Ghanaian", "en", "Tema, Obuasi, Berekum, Tarkwa, Techiman, Dormaa"),
    _country(
        "South Africa", AFRICA, "RSA", "South African", "en", "Upington, Welkom, Knysna, Thohoyandou, Benoni"
    ),
    _country(
        "Morocco", AFRICA, "MAR", "Moroccan", "fr", "Taza, Oujda, Safi, Meknès, Nador, Settat, Khouribga"
    ),
    _country(
        "New Zealand", OCEANIA, "NZL", "New Zealand", "en", "Napier, Nelson, Timaru, Gisborne, Taupō, Levin"
    ),
    _country("Fiji", OCEANIA, "FIJ", "Fijian", "en", "Ba, Lautoka, Nadi, Labasa, Rewa, Sigatoka, Savusavu"),
)

CLUB_FORMS = {
    "en": "{} United, {} Town, {} City, {} Rovers, {} Athletic, FC {}, {} Wanderers, {} Albion",
    "it": "{} Calcio, US {}, AC {}, Virtus {}, Pro {}, FC {}, Real {}, Atletico {}",
    "es": "Deportivo {}, Atlético {}, CD {}, Unión {}, Sporting {}, Real {}, Independiente {}, Club {}",
    "de": "SV {}, FC {}, VfL {}, TSV {}, Eintracht {}, SpVgg {}, Fortuna {}, SC {}",
    "fr": "AS {}, FC {}, Stade {}, US {}, Olympique {}, RC {}, Étoile {}, SC {}",
    "no": "{} IF, {} FK, {} BK, IFK {}, {} IL, FC {}, {} FF, {} United",
    "ea": "FK {}, Dinamo {}, Radnički {}, Spartak {}, Slavia {}, NK {}, Metalac {}, Sloga {}",
    "as": "{} FC, {} United, {} SC, Al {}, Persi {}, {} Stars, {} Rangers, {} Club",
}
SUFFIXES = ("", " II", " 1907", " Am", " 1921", " B", " 1898", " Academy")

NATIONAL_SIDES = ("", " U21", " (W)", " U19", " U17", " U20", " (W) U20", " U23", " (W) U17", " B")
YOUTH_SIDES = (" U17", " U16", " U18", " (W) U16", " (W) U18", " U15", " (W) U15", " U14")

_GIVEN = (
    "Luka, Marko, João, Mats, Jonas, Kenji, Ali, Omar, Diego, Andrés, Piotr, Jan, Emre, Kwame, Sipho, Liam, "
    "Noah, Émile, Théo, Niko, Björn, Søren, Ivan, Dušan, Minh, Arjun, Reza, Yusuf, Tom, Sam"
)
_FAMILY = (
    "Obradović, Silva, Lindqvist, Andersson, Tanaka, Hassan, Rojas, Nowak, Svoboda, Yılmaz, Mensah, Dlamini, "
    "O'Brien, Müller, Lefèvre, Virtanen, Halldórsson, Petrov, Šušnjar, Nguyễn, Patel, Karimi, Diallo, Smith, "
    "Costa, Ferrari, García, Okafor, Jensen, Van Dijk"
)
GIVEN_NAMES = _GIVEN.split(", ")
FAMILY_NAMES = _FAMILY.split(", ")
