# ruff: noqa: E501  (a pattern reads better whole than in scraps)
"""English: fixed phrases, scene effects, things the engine cannot do, and words that mean something else."""

from unstill.engines.motion.lexicon.english import MOVERS, NOT, PRONOUNS

_CAM = r"(?:camera|cam|shot|frame|framing|view|angle|lens|drone|tripod|perspective|composition|camerawork)"
_CLAUSE = r"(?:(?<=^)|(?<=[,.;:!?\n(])|(?<=[,.;:!?\n(] )|(?<=[→>])|(?<=[→>] )|(?<=\bthen )|(?<=\band ))"
_REST = r"totally|completely|perfectly|absolutely|entirely|dead|stays?|remains?|keep|keeps|kept|hold|be|it|is|stand|sit|everything|all|everyone|just|the whole (?:scene|image|picture|thing)|image|picture|frame"
"""Words that make "still" an order about the picture, not the state of a lake or a life."""
_LY = r"(?:\w+ly )?"
_GAP = r"(?:(?!(?:and|while|as|with|where|but|then|camera|she|he|they|who|a|an)\b)[\w']+ ){0,3}"

NOT_CAMERA = (
    r"zoom (?:call|meeting|class|lens|conference|link|chat)s?|on zoom\b|"
    r"(?:frying|sauce|baking|roasting|sheet|cake|cast iron|hot|iron|paint|drip|dust|non stick|cooking|copper|saute) pans?\b|"
    r"pan (?:on (?:a|the|her|his) (?:stove|hob|burner|fire|table|counter)|fried|fry|seared|flute|pizza|pipes?|lid|handle|cake|am\b|asian|african|american|"
    r"of (?:\w+ ){0,2}(?:eggs?|lasagna|water|oil|soup|bacon|cookies|brownies|paella|rice|pasta|vegetables))|"
    r"(?:peter|bed|dish|sky) pan\b|pots? and pans?|(?:in|on|into|from) (?:a|the|an|his|her) pan\b|panning for gold|"
    r"tilt shift\w*|(?:full|at a) tilt\b|rock and roll|rock ?'?n'? ?roll|(?:spring|egg|sushi|bread|swiss|cinnamon|"
    r"summer|california|eye|drum|toilet|film|paper|kitchen|jelly|sausage|crescent|dinner|roly) rolls?\b|"
    r"rolls? (?:royce|of\b|call\b)|rolling (?:hills?|pin|stones?|meadows?|fields?|landscape|countryside|dunes?|"
    r"plains|suitcase|chair|thunder|grassland|green|farmland)\w*|(?:honor|payroll|scroll|b) roll\b|"
    r"(?:in|into|from|low|earth|lunar|planetary|geostationary|mars) orbit\b|orbit of (?:the )?(?:earth|planet|moon|mars|sun|jupiter|saturn)|orbit gum|"
    r"(?:tower|construction|paper|origami|white|red|port|cargo|crowned|harbou?r|whooping|dockyard|sandhill|"
    r"gantry|yellow|rusty|steel|industrial|giant|demure|elegant|two|grey|gray|flying|dancing|mechanical) cranes?\b|"
    r"crane (?:birds?|operator|machine|hook|truck|flies)|cranes? (?:stands?|standing|fl(?:y|ies|ying)|wad\w+|lifts?|"
    r"lifting|hoist\w*|load\w*|in (?:the|a|shallow)|at (?:the|a)|on (?:the|a)|nest\w*|fold\w*)|"
    r"(?:pickup|fire|food|dump|tow|monster|delivery|red|blue|white|black|green|old|rusty|vintage|big|garbage|"
    r"semi|ice cream|military|army|cargo|yellow|mail|toy|parked|abandoned|broken|heavy|tanker) trucks?\b|"
    r"truck (?:driver|stop|bed|drives|is|was|parked|on|in|at|tires?|engine|loaded|carr\w+|with|stuck|speed\w*|moves|"
    r"passes|passing|driving|moving)|(?:a|the|an|his|her|my|their|this) trucks?\b|trucks (?!left|right|in\b|out\b|back|slowly|smoothly|along|past|sideways|gently)|"
    r"(?:train|race|running|sound|railway|railroad|rail|animal|tire|tram|wolf|bear|subway|fast|off the beaten|dirt|"
    r"bike|roller coaster|snow|old|rusty|eye|face|motion|time|dirt|mountain|muddy) tracks?\b|soundtrack|"
    r"tracks? (?:and field|suit|record|team|lights?|athletes?|meet)|tracksuit|tracking (?:number|device|collar|code|dots?)|"
    r"(?:sonic|baby) boom|boom ?box|boom (?:mic|microphone|town)|(?:marble|stone|statue|display|wooden|on a|on the|"
    r"white|museum|round|black|concrete|gold|golden) pedestals?\b|"
    r"arc (?:de|reactor|lamp|of (?:light|the|a|stars|water)|welder|welding)|narrative arc|story arc|"
    r"(?:water|playground|hair|microscope|film|presentation|power ?point|rock|land|mud) ?slides?\b|slide rule|slide (?:show|deck)|"
    r"(?:stacked|dark|crop|traffic|stone|inner|full|magic|drum|fairy|color) circles?\b|circles? of\b|"
    r"static (?:electricity|noise|shock|cling|on (?:the|a|an old) (?:tv|television|screen|radio))|(?:tv|radio|television|white) static|"
    r"camera (?:on|atop|mounted on) (?:a|the|its) (?:\w+ )?tripod|tripod (?:stands?|legs?|stool|stove|in the)|wooden tripod|"
    r"shaky (?:hands?|voice|legs?|bridge|knees|breath|ladder|table|ground|fingers|handwriting|start|old)|"
    r"hand ?held (?:fan|console|game|gaming|device|radio|mirror|lantern|phone|drill|torch|flag|sign|vacuum|computer|"
    r"microphone|mixer|blender|bell|sparkler|telescope|player|steamer|pc|object|item|candle)s?\b|"
    r"push (?:up|button|pin|cart|chair)s?\b|pull (?:focus|over|up bar|tab|string|cord|toy|rope)s?\b|rack focus|pull ?overs?\b|"
    r"fixed (?:gaze|price|wheel|gear|stare|smile|point|expression|wing|idea|lens)|still (?:life|water|lake|photo\w*|image|"
    r"picture|sea|pond|air|night|morning|standing|wet|warm|life)|back (?:to the camera|light\w*|ground|pack|yard|alley|"
    r"streets?|door|lit)|back and forth|look(?:s|ing)? (?:back|in|into|out|over|away|at|like|on|toward\w*|forward)|"
    r"moving forward in life|dive bar|swing set|spinning wheel|spin class|"
    r"hair (?:up|down|back)|high rise|sun ?rise|rise of|lower (?:left|right|third|body|half|deck|part|back)|drop(?:s)? of|"
    r"(?:water|dew|rain|tear|snow|gum|ear|lemon|cough) ?drops?\b|go pro\b|let's go|orbit shaped|dolly the sheep|right now|all right|dolly parton|"
    r"turn(?:s|ed|ing)? (?:on|off|into|to face|to stone)|lift off|face ?lift|ski lift|chair ?lift|follow focus|followed by|"
    r"followers?|following day|as follows|close to|closing time|head (?:back|down|in|first|on|to toe|up|out)|"
    r"coming of age|up and coming|get ready|back lit|fly (?:on|fishing|agaric)|house fly|fruit fly|"
    r"shake hands|milk ?shakes?|hand ?shakes?|protein shake|shaking hands|pan pipes|panorama\w*|gold pan|vanishing point"
)

_WAVERS = (
    "|".join(sorted((MOVERS | PRONOUNS) - {"tide", "sun", "moon", "it", "shark", "whale"}))
    + r"|flags?|banners?|scar(?:f|ves)|ribbons?|pennants?|curtains?|capes?|fronds?|palms?|wheat|grass|reeds?|corn|fingers?|paws?|tails?|crowd|"
    r"tourists?|teachers?|policem[ae]n|passengers?|sailors?|fans|mayor|president|santa|bears?|pope|kids?|friends?|grandpa|grandma|daddy|mommy|"
    r"son|daughter|sister|brother|husband|wife|boyfriend|girlfriend|family|everyone|\w+(?:woman|man|girl|boy)"
)
"""Who and what waves, so that the word is a verb."""
NOT_WEATHER = (
    r"snow (?:leopards?|white|m[ae]n|boards?\w*|shoes?|mobiles?|globes?|drifts?|banks?|caps?|capped|covered|clad|owls?|"
    r"queen|fox|peas?|plows?|tires?|boots?|angels?|balls?|goggles|fort|suit|crab|monkey|bunny|laden|dusted|field\w*|"
    r"jacket|pants|peaks?|blanket\w*|topped|cone|goose|line|on|lies|covers|blankets|mountain\w*)|snow(?:m[ae]n|board\w*|shoe\w*|mobile\w*|"
    r"drift\w*|bank\w*|capped|covered|plow|ball\w*|suit|drop\w*|scape|field\w*)|snowy\b|"
    r"(?:in|on|of|under|covered in|(?:covered|dusted|topped|capped|laden|filled|blanketed|coated|heavy|thick|piled|white|mountains?|peaks?|hills?|roofs?|rooftops?|trees?|fields?|forests?|villages?|ground|streets?|roads?|paths?|cabins?|houses?|valleys?|alps|pines?|landscape|branches|gardens?|park|cliffs?|rocks?|steps) with|through|by|into|fresh|deep|white|powder|melting|first|the) (?:the |deep |fresh |white |thick |melting |powder )?snow\b"
    r"(?! (?:fall|is fall|drift|start|begin|swirl|com|blow|gently|softly|slowly|silently|keep|continu)\w*)|"
    r"footprints in\b|rain (?:coats?|boots?|forests?|jackets?|barrel|gauge|gutter|hat|soaked|slick(?:ed)?|drenched|"
    r"gear|check|man\b|shadow|cloud\w*|slicker|washed|wet|poncho|cover)|rain(?:coats?|bows?|forests?|man|wear|maker|"
    r"proof|check)|(?:after|before|since) (?:the |a |heavy |last night's )*(?:rain|snow|storm)\w*|raindrops? on\b|purple rain|"
    r"water (?:bottles?|glass\w*|towers?|tanks?|colou?r\w*|melons?|lil(?:y|ies)|proof|marks?|guns?|cups?|wheels?|"
    r"buffalo\w*|jars?|pipes?|taxi|pistol|balloon\w*|cooler|polo|meter|ski\w*|front|heater|mill|fowl|bird|drops?|droplets?)|"
    r"water(?:melon|colou?r|mark|proof|front|mill|fowl|cress)\w*|(?:rose|coconut|mineral|sparkling|tonic|soda|bottled|glass of) water|"
    r"sea(?:gulls?|shells?|sides?|weed|food|ts?|t)\b|sea (?:lions?|turtles?|shells?|food|horse|urchin|glass|salt|bass|creature\w*|gull\w*)|"
    r"river ?(?:bank|side|bed|boat|rocks?)s?|lake ?(?:house|side|shore|front)s?|ocean (?:liner|view|drive|front|blue|floor)|"
    r"pool (?:table|party|side|noodle)|poolside|live ?stream\w*|stream(?:er|ing|ers)\b|fountain pen|"
    r"(?:sound|radio|heat|light|brain|shock|micro|new|perm|beach|hair|wavy|gravitational|loose|soft|blonde|brown|golden|long) ?waves\b"
    r"(?: of hair)?|waves? of (?:\w+ )?(?:hair|wheat|grain|dunes?|sand|heat|people|sound|light|emotion|color|grass|wheat|fabric|energy)|wavy|"
    r"waves? (?:at|his|her|their|goodbye|hello|hi|good ?bye|to|a|an|its|with|back|and smiles)\b|"
    rf"(?:{_WAVERS}) (?:\w+ly )?waves?\b|waves? in the (?:wind|breeze|air)\b|waves? from (?:the|a|her|his) (?:window|balcony|car|train|boat|ship|door|stage|deck)\b|"
    r"ripples? (?:in|of) (?:the |a )?(?:sand|fabric|cloth|silk|dunes?|time|hair)|"
    r"fog (?:lights?|lamps?|machines?|horn)|brain fog|foghorn|smoke (?:alarm|detector|signal|stack)s?|smokestack|"
    r"cloud (?:nine|storage|server|computing|gate|shaped)|steam (?:train|engine|boat|punk|locomotive|ship|room|iron)s?|steam(?:punk|boat|ship)s?|"
    r"dust (?:jacket|bin|pan|cover|mite)s?|spark ?plugs?|fire ?(?:fighter|wood|place|truck|man|men|proof|wall|arm|extinguisher|engine|hydrant|escape|station)s?\b|"
    r"(?:petals?|leaves|leaf) of\b|ear ?buds|eyes? (?:twinkl|flicker|sparkl|glint)\w*|flicker of (?:a )?(?:smile|hope|doubt)|"
    r"(?:honey|caramel|chocolate|olive oil|oil|syrup|sauce) drizzl\w*|drizzl(?:ed|es|ing|e) (?:with|of|over|honey|olive|caramel|chocolate|syrup|oil|on)|"
    r"drizzled"
)
"""Blanked only where effects are looked for."""

_FROM = r"(?:starts?|opens?|begins?|starting|opening|from)(?: (?:on|with|from|as|in))?(?: an?)?(?: extreme)?"
_TO = r"(?: shot)?,? (?:and |then )*(?:to|ends?|finish|finishes|ending|moves?|goes)(?: up)?(?: (?:on|in|with|at|as|to))? (?:an? )?(?:extreme )?"
_EASY = rf"{_CLAUSE}(?:(?:a|an|just|use|with|one|only|maybe|very|so|really|super) ){{0,3}}(?:slow|gentle|subtle|slight|soft|smooth|steady|dramatic|creeping|delicate|cinematic)"
_DONE = r"(?= *(?:$|[,.;!?]|will\b|would\b|please\b|then\b|and\b|towards?\b|on (?:the|her|his)\b))"
_WALK = r"(?:walk|run|stroll|stride|wander|jog|sprint|hike|march|stepp?|runn|strid)(?:s|e|es|ing)?(?: \w+ly)?"
_ONWARD = r"(?:forwards?|ahead|on|onwards?|through|down|along|towards?|into|up|past|across|out|inside|between|over|under|in)\b"

IDIOMS: tuple[tuple[str, str, float | None, int], ...] = (
    ("dolly_zoom", r"dolly zoom\w*|zoom dolly|zolly|zollies|vertigo (?:effect|shot|zoom|style)|hitchcock(?:ian)?(?: style)? (?:zoom|effect|shot|dolly)|"
                   r"contra zoom|trombone (?:shot|effect)|jaws (?:shot|effect)|(?:vertigo|hitchcock)(?= *(?:[,.;]|$))", None, 3),
    ("dolly_in", rf"{_EASY} push{_DONE}", None, 3),
    ("dolly_out", rf"{_EASY} pull{_DONE}", None, 3),
    ("truck_right", r"parallax(?: (?:effect|motion|movement|shift))?", 0.65, 0),
    ("dolly_in", rf"(?:pov|fpv|first person)(?:[,:;]? (?:(?:view|shot|perspective|pov|camera|video|footage|style|of|as|i|you|we|are|is|am|a|the|person|someone|somebody|man|woman|slow|\w+ly|cinematic)\b[,:]? ?){{0,6}})? ?{_WALK} {_ONWARD}|"
                 rf"(?:we|i)(?:'re|'m| are| am| then| now| both)?(?: \w+ly)? {_WALK} {_ONWARD}|{_CLAUSE}(?:(?:have|take|a|let's|slow|slowly|gentle|gently|nice|just|quick) ){{0,4}}{_WALK} {_ONWARD}(?=(?: \w+){{0,5}},? (?:in )?(?:pov|first person))", None, 3),
    ("dolly_out", rf"(?:pov|fpv|first person|we)(?: \w+){{0,2}}? {_WALK} (?:backwards?|back)\b", None, 3),
    ("truck_right", r"side ?scroll\w*|slider (?:shot|move\w*)|follow(?:ing|s)? (?:shot|cam)", None, 3),
    ("dolly_in", rf"{_FROM} wide{_TO}(?:close|tight|macro|detail)(?: ?ups?| shot| on)?", None, 1),
    ("dolly_out", rf"{_FROM} (?:tight|close|macro)(?: ?up)?{_TO}(?:wide|full)(?: shot)?", None, 1),
    ("dolly_in", r"camera (?:\w+ )?(?:trails|tails|shadows|tags along)\b", None, 2),
    ("pan_right", r"(?:reveal|unveil)\w* (?:[\w']+ ){1,5}?(?:from )?left to right", None, 3),
    ("pan_left", r"(?:reveal|unveil)\w* (?:[\w']+ ){1,5}?(?:from )?right to left", None, 3),
    ("static", r"cinemagraphs?\b", None, 0),
    ("zoom_in", r"ken burns(?: (?:effect|zoom|style|move\w*))*", 0.65, 0),
    ("zoom_in", r"(?:crash|snap|whip|smash) zoom(?:s|ing)?(?: in(?:to)?)?(?! out)", 1.7, 3),
    ("zoom_out", r"(?:crash|snap|whip|smash) zoom(?:s|ing)? out", 1.7, 3),
    ("orbit", r"bullet time(?: (?:shot|effect|rotation))?|turn ?table (?:shot|rotation|style|spin|view|video|animation)|"
              r"360 ?(?:°|degrees?)? ?(?:full )?(?:camera )?(?:orbit\w*|rotat\w+|spin\w*|shot|arc|circle|turn\w*|around|view|turntable|move\w*)"
              r"(?: (?:shot|around|orbit))*|360 ?(?:°|degrees)|(?:in|makes?) an? (?:\w+ )?(?:semi ?)?circle around|full circle around", None, 3),
    ("roll", r"dutch (?:angle|tilt|roll)\w*(?: (?:left|right|shot))?|canted angle|barrel rolls?", None, 3),
    ("handheld", r"hand ?held\w*(?: (?:camera|shot|footage|feel|style|movement|motion|shake|look|documentary))*|"
                 r"shak(?:y|ing) (?:\w+ )?(?:cam\w*|shots?|footage|video|movement|motion|frame|pov|lens|camerawork)|"
                 r"(?:camera|cam|lens|frame|screen) (?:\w+ )?(?:shakes?|shaking|wobbl\w*|jitter\w*|trembl\w*)|jittery camera|wobbly camera|shaky(?= *(?:[,.;]|$))", None, 3),
    ("static", r"\bhold(?:s|ing)? on(?! to\b| tight| her hand| his hand)", None, 0),
    ("static", rf"(?:no|without|without any|zero|absolutely no) (?:any )?(?:camera|lens|cam) (?:movement|motion|move)s?(?: at all)?|"
               rf"(?:no|without|zero) (?:movement|motion)(?= *(?:[,.;]|$|at all|of the camera|from the camera))|"
               rf"camera (?:{NOT}|never) (?:mov(?:e|es|ing)|be moved|be moving)(?! (?:\w+ly )?(?:left|right|up|down|in\b|forward|closer|back|toward))|"
               rf"camera on sticks\b|(?:{NOT}|never|no need to|no reason to) move (?:the )?camera(?! (?:left|right|up|down|in|closer|forward|back))|"
               rf"(?:static|stationary|unmoving|motionless|immobile|locked|locked off|locked down|fixed|still|steady|stable) (?:[\w']+ ){{0,4}}?{_CAM}s?\b|"
               rf"(?:frozen|freeze(?: the)?) (?:camera|cam|shot)\b|"
               rf"{_CLAUSE}(?:(?:{_REST}) ){{1,4}}(?:still|motionless|unmoving|frozen)(?= *(?:$|[,.;:!?\n]|but\b|and\b|except\b|only\b|while\b|apart from\b|other than\b|save\b|please\b|throughout\b|for the\b|the (?:whole|entire)\b))|"
               rf"nothing (?:else )?(?:moves|should move|must move|is moving)\b|"
               rf"{_CLAUSE}hold(?= *(?:$|[,.;!\n]|then\b|and then\b|(?:for )?(?:about |a |around )?(?:\d|one|two|three|four|five|few|couple|moment|beat|second)))|"
               rf"lock(?:ed)? ?(?:off|down)(?: (?:camera|shot|tripod|frame|static|wide))*|lock(?:ed)?(?: the)? camera|lockoff|"
               rf"{_CAM}(?: position| angle| remains| stays| is| holds| held| keeps| being| work| kept|,|:| should be| must be| should| must| will| completely| perfectly| totally| absolutely| remain| stay| \w+ly){{0,4}} "
               rf"(?:static|stationary|motionless|fixed|locked|still|unmoving|in place|steady|immobile|put|unchanged|(?:right |exactly )?where it is)\b(?: (?:in place|off|down))?|"
               rf"hold(?:s|ing)? (?:\w+ly )?(?:the |this |that )?(?:camera|shot|frame|still|steady|position|composition|framing)\b(?: still| steady)?|"
               rf"{_CAM} holds?\b|(?:shot on|on|from) (?:a )?tripod(?! (?:stands|in))|tripod(?: mounted)? ?(?:shot|mounted|camera|footage|video)?|"
               rf"(?:static|stationary|locked|statically)(?= *(?:[,.;:!\n]|$|and\b|wide\b|\d[.)]|then\b|at first\b|first\b|for (?:the )?(?:first )?(?:a |\d|one|two|three|four|five|few)))|keep(?:s|ing)? (?:it|everything|the (?:camera|shot|frame)) (?:\w+ly )?(?:static|still|steady|fixed|locked)", None, 3),
)  # fmt: skip

_DRIFT = r"(?:drift|mov|roll|float|pass|flow|rac|swirl|sail|scud|glid|billow|churn|shift|gather|part|stream|creep|sweep|slid|rush|blow|travel|build|boil|tumbl|swell|morph|form|dissipat|spread|cross|spill|slid)(?:e|es|s|ing|ting)?"
_WATER = r"(?:waters?|rivers?|streams?|lake|sea|ocean|waterfalls?|creek|brook|surf|tides?|pond|fountains?|pool|canal|rapids|stream|seawater|surface of the (?:water|lake|sea)|reflections?|cascade)"
_FLOW = r"(?:flow|rippl|shimmer|lap|wav|roll|crash|cascad|glisten|glitter|sparkl|run|runn|rush|mov|churn|surg|swirl|pour|trickl|splash|gush|tumbl|plung|undulat|foam|babbl|danc|break|swell|fall|bubbl|sway|glimmer|gurgl|wash|spray|heav|rip|drift|roar|stream|gleam|tum)(?:e|es|s|ing|ping)?"
_STREAM = r"(?:flow|rippl|shimmer|lapp|wav|roll|crash|cascad|glisten|glitter|sparkl|runn|rush|mov|churn|surg|swirl|pour|splash|gush|tumbl|plung|undulat|foam|babbl|break|swell|fall|bubbl|glimmer|gurgl|roar|rag|animat|stream|trickl)"
_GLEAM = r"(?:shimmer|glisten|glitter|sparkl|rippl|danc|gleam|glimmer|reflect|play|lap|glint|shin)(?:e|es|s|ing|ed|ping)?"
_BY = r"(?:(?:\w+ly|is|are|below|beneath|behind|beyond|around|surface|starts?|begins?|to|waters?|keeps?|still|just|in|under|at|on|of|against|over|down|through|between|her|him|them|it|the (?:surface|distance|background|foreground|moonlight|sun|wind|breeze|shore|rocks|bridge|valley|rain|beach|bay|canyon|forest|stones|sunlight|sea|river|lake|ocean|city|cliff|cliffs)) )"
_AIR = r"(?:drift|roll|swirl|ris|curl|flow|float|creep|mov|billow|wisp|hang|waft|drap|cling|spread|blow|fill|seep|gather|lift|linger|pour|hover|escap|com|puff|wreath|twist|snak|slid|dissipat)(?:e|es|s|ing|ting)?"
_FALL = r"(?:fall|drift|float|blow|flutter|swirl|danc|tumbl|rain|scatter|descend|flying|fly|whirl|spin|land|cascad|twirl|glid|shower|flies|drop|com|mov|carried|pass)(?:e|es|s|ing|ping)?"
_LIGHT = r"(?:candles?|candlelight|fires?|firelight|flames?|torch(?:es|light)?|neons?|neon signs?|neon lights?|lanterns?|lights?(?! (?:rays?|beams?|shafts?|leaks?))|lamps?|lightbulbs?|bulbs?|stars?|campfire|bonfire|screens?|signs?|embers|fireplace|hearth|lamplight|streetlights?|sunlight|starlight|windows|fairy lights)"
_BLINK = r"(?:flicker|twinkl|puls|pulsat|danc|blink|flash|crackl|glimmer|strob|burn|sputter|leap|lick|sparkl|buzz|flutter|waver|shimmer)(?:e|es|s|ing)?"

EFFECTS: tuple[tuple[str, str], ...] = (
    ("clouds", rf"clouds?(?! of (?:steam|smoke|mist|fog|dust|sand|ash|pollen|confetti|insects|birds|butterflies)) {_GAP}{_DRIFT}\b(?! (?:leaf|leaves))|{_DRIFT} (?:\w+ )?clouds?\b(?! of)|cloud (?:movement|motion)|time ?lapse (?:of )?(?:the )?(?:\w+ )?(?:sky|clouds?)|"
               rf"clouds? (?:in )?time ?lapse|(?:moving|drifting) sky|sky (?:is )?mov(?:es|ing)|animate(?:d)? (?:the )?(?:sky|clouds)|cloudscape {_GAP}{_DRIFT}\b"),
    ("water", rf"\b{_WATER} {_BY}{{0,3}}?{_FLOW}\b|{_STREAM}ing (?:(?!(?:the|a|an|in|on|of|down|into|over|across|through|past|along|by|near|to|towards?|with|at|from|up)\b)\w+ )?{_WATER}\b|{_GLEAM} (?:on|across|over|off|in|against|down|onto) (?:the |a )?(?:\w+ ){{0,2}}(?:surface of the )?{_WATER}\b|"
              rf"(?<!heat )(?:ocean |sea |gentle |crashing |rolling )?waves\b|wave (?:crash|break|roll)\w*|\bripples?\b|ripples? (?:on|across|over|in)|rippling\b(?! (?:fabric|silk|muscle|cloth|curtain|hair|flag|dress|grass|wheat))|"
              rf"water(?:fall)? (?:movement|motion|effect)|animate(?:d)? (?:the )?{_WATER}|splash(?:es|ing)\b|shimmering surface"),
    ("snow", r"snow ?(?:fall|flakes?|storms?|ing)s?\b|blizzards?|flurr(?:y|ies)|snow squall|\bsnows\b|(?<!\w)snow(?!\w)|sleet|ice crystals (?:float|drift|fall)\w*"),
    ("rain", r"\brain(?:ing|fall|storms?|drops?|s|y)?\b(?! (?:of )?(?:petals|confetti|ash|sparks|leaves|money))|drizzl(?:e|es|ing|y)|(?:chuck|tipp|bucket|pelt|lash|piss)ing (?:it )?down|it(?:'s| is) pouring(?! (?:out|from))|down ?pours?|thunder ?storms?|monsoon"),
    ("dust", r"dust ?(?:motes?|particles?|specks?|storms?|devils?)|dust {0,1}(?:\w+ ){0,3}(?:float|drift|swirl|ris|hang|danc|blow|kick|fly|settl|mov|billow|catch|suspend|sparkl|glow)\w*|"
             r"(?:float|drift|swirl|glow|ris|blow|fall|fly|danc)\w* (?:\w+ )?(?:dust|particles?|motes?|embers?|sparks|pollen|spores|ash)\b|clouds? of (?:dust|sand|ash|pollen)|(?:glowing |hot )?embers\b|fire ?fl(?:y|ies)\b|"
             r"\bsparks\b|\bpollen\b|particles? (?:\w+ ){0,3}(?:float|drift|swirl|ris|fall|mov|danc|fly)\w*|(?:glowing|light|magic|golden|glitter|sparkling|ambient|airborne) particles|particle effects?|"
             r"\bmotes\b|sand ?storm|ash(?:es)? (?:\w+ ){0,2}(?:fall|drift|float|swirl)\w*|dandelion seeds|spores|fairy dust|pixie dust|magic dust"),
    ("petals", rf"(?:fall|drift|float|flutter|swirl|fly|blow|danc|tumbl|scatter|whirl)(?:ing)? (?:[\w']+ ){{0,3}}?(?:petals?|leaves|blossoms?|confetti|leaf)\b|"
               rf"(?:petals?|leaves|blossoms?|confetti|leaf|sakura) (?:[\w']+ ){{0,3}}?(?:{_FALL})\b|confetti\b|(?:petal|leaf|blossom) (?:fall|shower|rain)|rain(?:ing)? (?:of )?petals|shower of (?:\w+ )?petals"),
    ("fog", rf"\b(?:fog|mist|haze|smoke|steam|vapou?r) {_GAP}{_AIR}\b|(?:drift|roll|swirl|creep|ris|curl|billow|float|mov|linger|low hanging|waft)(?:ing)? (?:\w+ )?(?:fog|mist|smoke|haze|steam|vapou?r)\b|"
            r"\bfog\b|\bfoggy\b|\bmists?\b|\bmisty\b|\bfogs\b|clouds? of (?:smoke|steam|mist|fog)|smoke filled|steam\b|\bsteaming\b|steamy|smok(?:e|ing) (?:effect|chimneys?|incense)|wisps of (?:smoke|steam|mist|fog|vapou?r)|plumes? of (?:smoke|steam)|smoke\b(?= *(?:[,.;]|$))|dry ice|(?:fire|house|room|water|coffee|tea) steams"),
    ("flicker", rf"\bflicker\w*|\btwinkl\w*|\b{_LIGHT} (?:[\w']+ ){{0,2}}?{_BLINK}\b|{_BLINK} (?:\w+ ){{0,2}}?{_LIGHT}\b|{_BLINK} with (?:\w+ )?light|strob(?:e|ing) lights?|light (?:flashes|pulses)"),
)  # fmt: skip

FAINT = "foggy misty rainy steamy steaming"

UNDONE_VERBS = """
smile blink walk run dance wave talk sing jump drive swim sway rustle explode transform morph laugh cry wink
nod kneel sit bow hug kiss eat drink type write read cook pour gallop fight punch kick throw catch
raise bark roar meow breathe sleep wake speak whisper shout scream clap cheer march stroll jog sprint crawl climb skate
ski surf bounce spin twirl flap fly hover land launch erupt bloom grow shrink melt collapse shatter dissolve
vanish disappear appear enter exit turn open close lift pick grab reach point stretch yawn sneeze
flutter blow bend dance ride sail paddle wipe row dive leap hop wag chase stomp stir chop sip bite chew lick brush comb
play strum paint draw dig plant knit juggle swing swipe pass travel move drift rise float descend glide slide
shake tremble shiver sigh frown grin giggle cough gasp gesture salute look glance step rush race speed cruise accelerate
attack strike swarm scatter emerge unfold wither decay age tilt roll rotate drip flow toss raise sprout blossom crumble dash
"""
STILL_ING = "standing sitting lying wearing holding looking leaning resting facing reading sleeping waiting kneeling posing"
UNDONE_PHRASES = (
    r"sun (?:\w+ly )?(?:rises?|sets?|rising|setting|goes down|comes up)|day (?:\w+ )?(?:turns?|to|into|becomes?) (?:in)?to night|"
    r"night (?:falls|turns to day)|time ?lapse of (?:a )?(?:flower|day|night)|season\w* chang\w*|lights? (?:turn|switch|come|go)(?:s|ing)? (?:on|off|out)|"
    r"lamps? turns? on|changes? (?:color|colour|into|expression|clothes|outfit)|becom(?:es|ing) (?:a|an)\b|turn(?:s|ing)? into|"
    r"(?:opens?|closes?|opening|closing) (?:her|his|its|their|the) (?:eyes?|mouth|door|window|book|wings?|box|hand|umbrella)|"
    r"(?:eyes?|door|doors|gates?|window|mouth|wings|flower|curtains?|book) (?:\w+ly )?(?:opens?|closes?|opening|closing)|"
    r"(?:hair|dress|skirt|scarf|cloak|cape|fabric|curtains?|flags?|grass|wheat|trees?|branches|mane|fur|robe|veil|coat|banner|reeds|flowers?|field|leaves|laundry|clothes|sleeves|ribbon|feathers?|palms?)"
    r" (?:[\w']+ ){0,2}?(?:blow|sway|flow|flutter|wav|rustl|bend|rippl|mov|billow|danc|shak|swing|trembl|flap|toss)(?:e|es|s|ing|ping|ling|le|les)?\b|"
    r"(?:sway|flutter|billow|rustl|blow|wav)ing (?:\w+ ){0,2}(?:hair|dress|skirt|grass|trees?|leaves|curtains?|flags?|branches|palms?)|"
    r"leaves the (?:room|house|frame|scene|building)|lightning (?:strikes?|flashes)|fireworks? (?:explod|burst|light|go)\w*|aurora (?:\w+ )?danc\w*|honey dripp?\w*"
)
