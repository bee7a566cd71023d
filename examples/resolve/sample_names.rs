//! The names of the sample.

/// Given names, and what their bearers are called.
pub const GIVEN: &[(&str, &str)] = &[
    ("Alice", "Alice"),
    ("Amir", "Amir"),
    ("Andrew", "Andy"),
    ("Beatrice", "Bea"),
    ("Carla", "Carla"),
    ("Charles", "Charlie"),
    ("Chidi", "Chidi"),
    ("Clara", "Clara"),
    ("Daniel", "Dan"),
    ("Deborah", "Debbie"),
    ("Diego", "Diego"),
    ("Edith", "Edie"),
    ("Elena", "Elena"),
    ("Fatima", "Fatima"),
    ("Frederick", "Fred"),
    ("George", "George"),
    ("Grace", "Grace"),
    ("Hannah", "Hannah"),
    ("Henry", "Harry"),
    ("Ines", "Ines"),
    ("Isaac", "Isaac"),
    ("Jamal", "Jamal"),
    ("Jennifer", "Jenny"),
    ("Joseph", "Joe"),
    ("Katherine", "Kate"),
    ("Kenji", "Kenji"),
    ("Laura", "Laura"),
    ("Leon", "Leon"),
    ("Margaret", "Maggie"),
    ("Matthew", "Matt"),
    ("Mei", "Mei"),
    ("Michael", "Mike"),
    ("Nadia", "Nadia"),
    ("Nicholas", "Nick"),
    ("Olga", "Olga"),
    ("Oscar", "Oscar"),
    ("Patricia", "Pat"),
    ("Priya", "Priya"),
    ("Rebecca", "Becky"),
    ("Robert", "Bob"),
    ("Samuel", "Sam"),
    ("Sofia", "Sofia"),
    ("Thomas", "Tom"),
    ("Ursula", "Ursula"),
    ("Victoria", "Vicky"),
    ("William", "Bill"),
    ("Yusuf", "Yusuf"),
    ("Zoe", "Zoe"),
];

/// Family names.
pub const FAMILIES: &[&str] = &[
    "Abernathy", "Adeyemi", "Ashdown", "Bellweather", "Blackwood", "Castellan", "Chowdry", "Cromarty", "Dalby",
    "Devereux", "Eastlake", "Fairbairn", "Farouk", "Fenwick", "Galloway", "Greenhalgh", "Hargreave", "Hollis",
    "Ivanova", "Jellicoe", "Kaur", "Kettering", "Lindqvist", "Lockhart", "Mbeki", "Merriweather", "Nakamura",
    "Northcote", "Okafor", "Oldroyd", "Pemberton", "Quill", "Ravensdale", "Rossi", "Sandhu", "Silverdale",
    "Tanaka", "Thistlewood", "Umarov", "Vance", "Wetherby", "Whitlock", "Yardley", "Zielinski",
];

/// Streets.
pub const STREETS: &[&str] = &[
    "Alder Lane", "Beacon Road", "Canal Street", "Dovecote Close", "Elm Grove", "Foundry Walk", "Granary Row",
    "Harbour View", "Ivy Court", "Juniper Way", "Kiln Street", "Larch Avenue", "Mill Lane", "Orchard Road",
];

/// Cities, and how their postcodes begin.
pub const CITIES: &[(&str, &str)] = &[
    ("Bristol", "BS"),
    ("Leeds", "LS"),
    ("Sheffield", "S"),
    ("Nottingham", "NG"),
    ("Leicester", "LE"),
    ("Edinburgh", "EH"),
];
