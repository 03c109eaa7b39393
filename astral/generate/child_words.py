"""The words of the child-safety screen, as ordinary dictionaries have them, by language.

How an entry is read: `*` at its end stands for any further letters. Chinese, Thai and Korean entries are searched for
anywhere in a text, all others as whole words.
"""

MINORS = {
    "en": (
        "child, children, childhood, childlike, kid, kids, kiddo, kiddie, minor, minors, toddler*, infant*, baby, "
        "babies, newborn*, preteen*, tween, tweens, teen, teens, teenage*, underage*, under age, below age, "
        "juvenile*, adolescent*, youngster*, schoolgirl*, schoolboy*, schoolchild*, girl, girls, boy, boys, pupil, "
        "pupils, preschool*, kindergart*, prepubescent*, puberty, daughter*, stepdaughter*, stepson*, "
        "primary school, middle school, elementary school, high school, high schooler*, middle schooler*, "
        "first grader*, under eighteen, under 18, too young"
    ),
    "zh": (
        "儿童, 孩子, 小孩, 孩童, 未成年, 幼女, 幼童, 幼儿, 婴儿, 少女, 少男, 少年, 女童, 男童, 女孩, 男孩, 小学生, "
        "中学生, 初中生, 高中生, 小学, 学童, 青少年, 小朋友, 女儿, 兒童, 嬰兒, 幼兒, 小學生, 中學生, 學童, 女兒, "
        "萝莉, 正太"
    ),
    "it": (
        "bambin*, bimb*, ragazzin*, minorenn*, minore, minori, fanciull*, adolescent*, neonat*, infanzia, "
        "infantil*, alunn*, scolar*, undicenn*, dodicenn*, tredicenn*, quattordicenn*, quindicenn*, sedicenn*, "
        "diciassettenn*, figlia, figlie, figlio, figli, figliolett*, scuola media, scuole medie, scuola elementare, "
        "liceal*"
    ),
    "vi": (
        "trẻ em, trẻ con, trẻ nhỏ, trẻ vị thành niên, em bé, bé gái, bé trai, thiếu nhi, thiếu niên, vị thành niên, "
        "nhi đồng, học sinh, cháu bé, cô bé, cậu bé, con gái, trẻ sơ sinh, ấu nhi, đứa trẻ, đứa bé, thiếu nữ"
    ),
    "ar": (
        "طفل*, أطفال*, طفولة, قاصر*, قاصرات, مراهق*, رضيع*, صبي, صبية, صبيان, فتاة, فتيات, فتى, ولد, أولاد, تلميذ*, "
        "تلاميذ*, بنت, بنات, ابنة, ابنتي, صغار السن, دون السن, دون الثامنة عشرة, يافع*"
    ),
    "ko": (
        "아이, 어린이, 아동, 미성년, 청소년, 소녀, 소년, 유아, 아기, 초등학생, 중학생, 고등학생, 여학생, 남학생, "
        "여중생, 여고생, 꼬마, 십대, 10대, 여자애, 남자애, 어린애, 어린 학생, 미취학"
    ),
    "th": "เด็ก, ผู้เยาว์, เยาวชน, วัยรุ่น, ทารก, นักเรียน, ลูกสาว, ลูกชาย, ไม่บรรลุนิติภาวะ, อนุบาล, ขวบ, เยาว์วัย",
    "bn": (
        "শিশু*, বাচ্চা*, কিশোর*, নাবালক*, নাবালিকা*, অপ্রাপ্তবয়স্ক*, অপ্রাপ্ত বয়স্ক*, বালক*, বালিকা*, ছাত্রী*, "
        "ছাত্র*, স্কুলপড়ুয়া*, খুকি*, খোকা*, ছোট মেয়ে*, ছোট ছেলে*, কন্যা*, শৈশব*"
    ),
    "sw": (
        "mtoto, watoto, kitoto, vitoto, utoto, utotoni, mwanafunzi, wanafunzi, msichana, wasichana, mvulana, "
        "wavulana, binti, mabinti, chini ya umri, kichanga, vichanga"
    ),
    "jv": (
        "bocah*, anak, anake, anakku, anakmu, anak-anak, lare, lare-lare, isih cilik, murid*, bayi, bayine, remaja, "
        "prawan cilik, durung cukup umur, durung diwasa, di bawah umur, ing sangisore umur"
    ),
}

SEXUAL = {
    "en": (
        "sex, sexy, sexier, sexual*, sexting, sexts, erotic*, porn*, nude, nudes, nudity, naked*, undress*, "
        "unclothed, without clothes, topless, lust, lustful*, lewd*, seduc*, orgasm*, masturbat*, intercourse, "
        "genital*, penis*, vagina*, fetish*, molest*, rape, raped, rapes, rapist*, raping, incest*, horny, kinky, "
        "making love, make love, makes love, bedroom scene*, intimate photo*, intimate picture*, intimate image*, "
        "intimate scene*, intimate touch*, striptease, explicit scene*, explicit photo*, explicit picture*, "
        "explicit image*, explicit content, explicit story, obscene*, arousal, sexually aroused, smut*"
    ),
    "zh": (
        "性爱, 性交, 性行为, 色情, 裸体, 裸照, 裸露, 全裸, 一丝不挂, 脱光, 脱衣, 床戏, 情色, 淫, 黄色小说, "
        "黄色图片, 做爱, 自慰, 手淫, 强奸, 性侵, 猥亵, 诱奸, 性感, 性骚扰, 性幻想, 性欲, 情欲, 性器官, 性愛, 裸體, "
        "強姦, 猥褻, 情慾, 做愛"
    ),
    "it": (
        "sesso, scena esplicita, scene esplicite, sessual*, erotic*, porno*, nudo, nuda, nudi, nude, nudit*, "
        "spogliat*, svestit*, seduc*, sedurre, sedott*, masturb*, orgasm*, genital*, stupr*, libidin*, lasciv*, "
        "oscen*, senza vestiti, a luci rosse, rapporto intimo, rapporti intimi, molestie"
    ),
    "vi": (
        "tình dục, khiêu dâm, khỏa thân, khoả thân, lõa thể, gợi dục, kích dục, làm tình, cảnh giường chiếu, "
        "trần truồng, mảnh vải che thân, khêu gợi, dâm ô, dâm dục, hiếp dâm, cưỡng hiếp, thủ dâm, dâm đãng, ân ái, "
        "đồi trụy"
    ),
    "ar": (
        "جنس, جنسي*, جنسا, إباحي*, عاري*, عار, عراة, عري, تعري, فاضح*, خليع*, شهوة, شهوان*, اغتصاب*, اغتصب*, تحرش*, "
        "استمناء, بلا ملابس, بدون ملابس, إيروتي*, بورنو*, دعارة, فاحش*, ماجن*"
    ),
    "ko": (
        "섹스, 섹시, 성관계, 성적인 행위, 성적인 장면, 성적인 묘사, 성적인 메시지, 성적인 이야기, 성적인 접촉, "
        "성적인 내용, 성적 행위, 성적 접촉, 성적 묘사, 성적으로, 성행위, 음란, 야한, 야동, 야설, 포르노, 알몸, "
        "나체, 누드, 에로, 벌거벗, 옷을 벗, 선정적, 침실 장면, 성욕, 자위, 강간, 성폭행, 성추행, 성희롱, 성교, "
        "외설"
    ),
    "th": (
        "ลามก, โป๊, เปลือย, อนาจาร, ร่วมเพศ, เพศสัมพันธ์, ทางเพศ, เซ็กส์, เซ็กซ์, อีโรติก, ข่มขืน, ฉากบนเตียง, "
        "ลวนลาม, สำเร็จความใคร่, กามารมณ์, ยั่วยวน, แก้ผ้า"
    ),
    "bn": (
        "যৌন*, নগ্ন*, উলঙ্গ*, পর্ন*, পর্নো*, অশ্লীল*, কামুক*, কামোত্তেজক*, ধর্ষণ*, বিবস্ত্র*, শয্যার, সঙ্গম*, "
        "সহবাস*, হস্তমৈথুন*, ইরোটিক*, সেক্স*"
    ),
    "sw": (
        "ngono, kingono, wazi la chumbani, uchi, utupu, bila nguo, hana nguo, hawana nguo, ponografia, ponografi, "
        "kufanya mapenzi, kujamiiana, ubakaji, kubaka, ashiki, picha chafu, kujichua, tendo la ndoa"
    ),
    "jv": (
        "saru, wuda, bugil, telanjang, mbukak klambi, tanpa sandhangan, tanpa klambi, cabul, mesum, seks, seksual*, "
        "erotis, sanggama, hubungan intim, perkosa*, rudapeksa*, birahi, adegan kamar*"
    ),
}

BOTH_AT_ONCE = (
    "pedophil*, paedophil*, pedofil*, pedoporn*, kiddie porn, child porn*, 恋童, 戀童, 儿童色情, ấu dâm, 소아성애, "
    "아동성애"
)
"""Words that stand for both together."""
