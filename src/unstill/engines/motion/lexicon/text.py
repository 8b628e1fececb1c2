"""Folding: one spelling for every prompt, each character still traceable to where it stood."""

import unicodedata
from functools import lru_cache

# Traditional characters that camera and scene language uses, each above its simplified form.
_TRADITIONAL = (
    "鏡頭緩進遠開後從環繞圍搖動攝無機轉軌縮變遊隨時間靜鎖畫視線層樹葉飛飄電點燈閃爍燭霧氣雲風塵煙螢熱騰蕩"
    "漣瀾潑湧灣溝滾繼續別縫鐘長內並還邊個對過見說話語揮門頂樓橋鳥馬車輛駛駕場強輕劇極誇張維單純創詭異雙雞"
    "貓龍獅羅紗廣顫這讓將輪蓋樂聲蘭萬與為於來們麼鬆緊壓壯麗華藝術際邁躍擺盪掃橫豎傾側顯現處漸漲濺灑紛絲彈"
    "鋪滿書頁筆課講師媽爺愛戀淚臉髮頸腳體東島嶼嶺岡農業鄉鎮範護題總結須領賽競標準記錄導誰嗎請觸給網絡連終"
    "寫實紀優謐衝險趕貼盤拋離幾兩億當黃綠藍銀鐵銅鑽寶貝圓飾錶殼鬧顱區閉關閘眾婦獨獵憶歲歷歸喚聖誕運鴿擁親"
    "睜縱觀灘瀰繚裊騎劍啟舊溫濃驚餘燼顆瀉濤擊僅絕穩傳經幀戲廳燒禮燦爛紅嬰嘯樣團麥跡蹤徑勢員彎調顧狀節產陽"
    "陰烏暈漬湯鹽壺貨軍隊戰艦鷹鶴鯨魚鯊鴨鵝飯飲館鬥嚇歡歎嘆應憂懸戶拚擋攔擴敵斷曠曬條構槍樸歐殘氈沒測滅濕"
    "濱爐牆獎皺盡監瞼礦禦稜種窩簾糧紙紋細緣編繡罷羨聽職脫舉艙莊虛蟲補裝詩試認誠諧譜貧賓質趙趨踐軀載輝輸辦"
    "違遙適遲郵醫釋銳鋒鋼錐鍵鎧閒閣闊陳階隱雖韻頓預頒額類飽駐驟髒鬚鮮鳴黨齊齒龜凍剛劃勁務勝卻參啞噴嚴國園"
    "執堅報塊墜墮奪奮妝娛學寬審專尋屍嶄幟帶幣幫庫廂廟廢彥徵恆悅慘慶態懷捲掛採揚換損搶撲撐擠攏攤攪敘數櫻撫"
    "嵐澤聯練鏈廈巖峽聳潔淨徹蟬蝦豬縈繽絢綻蕭蒼蔥薔蘆葦蓮莖颯澆潤潛滲渾湊靄顛墊撥轟軟較轎隕鋸颱鬱鏽鄰陣陸"
    "頻驗騷魯鱗倉偵傘價儀儘償兒冪凱則協喬嘗嘩囑塗壩夢夾奧嬌孫寧帥彙懶懼挾據擇敗晝暫枱柵棟棧榮橢檔檢櫃欄漁"
    "澱濁瀏烴煉燙營燉爭牽犧狹猶瑪瓊畝療瘋盜睏矯砲磚礙祿稅穀窮築簡籃籠粵糾納紐紡綁縛織繩罈義習聰肅脈膚臨艷"
    "蔭薦蘇號蛻蠟衛褲襯訊設評謝豐貴賞贈蹟轍遞遺邏鄭醜釀釣鈴鉛銘鋁錢鍋鎢鑰閱闖闡隻霽鞏韌頌顏飢鮑鵑鶯"
)
_SIMPLIFIED = (
    "镜头缓进远开后从环绕围摇动摄无机转轨缩变游随时间静锁画视线层树叶飞飘电点灯闪烁烛雾气云风尘烟萤热腾荡"
    "涟澜泼涌湾沟滚继续别缝钟长内并还边个对过见说话语挥门顶楼桥鸟马车辆驶驾场强轻剧极夸张维单纯创诡异双鸡"
    "猫龙狮罗纱广颤这让将轮盖乐声兰万与为于来们么松紧压壮丽华艺术际迈跃摆荡扫横竖倾侧显现处渐涨溅洒纷丝弹"
    "铺满书页笔课讲师妈爷爱恋泪脸发颈脚体东岛屿岭冈农业乡镇范护题总结须领赛竞标准记录导谁吗请触给网络连终"
    "写实纪优谧冲险赶贴盘抛离几两亿当黄绿蓝银铁铜钻宝贝圆饰表壳闹颅区闭关闸众妇独猎忆岁历归唤圣诞运鸽拥亲"
    "睁纵观滩弥缭袅骑剑启旧温浓惊余烬颗泻涛击仅绝稳传经帧戏厅烧礼灿烂红婴啸样团麦迹踪径势员弯调顾状节产阳"
    "阴乌晕渍汤盐壶货军队战舰鹰鹤鲸鱼鲨鸭鹅饭饮馆斗吓欢叹叹应忧悬户拼挡拦扩敌断旷晒条构枪朴欧残毡没测灭湿"
    "滨炉墙奖皱尽监睑矿御棱种窝帘粮纸纹细缘编绣罢羡听职脱举舱庄虚虫补装诗试认诚谐谱贫宾质赵趋践躯载辉输办"
    "违遥适迟邮医释锐锋钢锥键铠闲阁阔陈阶隐虽韵顿预颁额类饱驻骤脏须鲜鸣党齐齿龟冻刚划劲务胜却参哑喷严国园"
    "执坚报块坠堕夺奋妆娱学宽审专寻尸崭帜带币帮库厢庙废彦征恒悦惨庆态怀卷挂采扬换损抢扑撑挤拢摊搅叙数樱抚"
    "岚泽联练链厦岩峡耸洁净彻蝉虾猪萦缤绚绽萧苍葱蔷芦苇莲茎飒浇润潜渗浑凑霭颠垫拨轰软较轿陨锯台郁锈邻阵陆"
    "频验骚鲁鳞仓侦伞价仪尽偿儿幂凯则协乔尝哗嘱涂坝梦夹奥娇孙宁帅汇懒惧挟据择败昼暂台栅栋栈荣椭档检柜栏渔"
    "淀浊浏烃炼烫营炖争牵牺狭犹玛琼亩疗疯盗困矫炮砖碍禄税谷穷筑简篮笼粤纠纳纽纺绑缚织绳坛义习聪肃脉肤临艳"
    "荫荐苏号蜕蜡卫裤衬讯设评谢丰贵赏赠迹辙递遗逻郑丑酿钓铃铅铭铝钱锅钨钥阅闯阐只霁巩韧颂颜饥鲍鹃莺"
)
_FOLD = dict(zip(_TRADITIONAL, _SIMPLIFIED, strict=True))
_QUOTES = {"\u2019": "'", "\u2018": "'", "`": "'", "\u02bc": "'", "\u2014": ",", "\u2013": "-", "\u2011": "-"}


def words(line: str) -> frozenset[str]:
    """A word list, written as a line."""
    return frozenset(line.split())


@lru_cache(maxsize=4096)
def _fold(char: str) -> str:
    char = _QUOTES.get(char, char)
    folded = unicodedata.normalize("NFKC", char).lower()
    return "".join(_FOLD.get(c, " " if c.isspace() and c != "\n" else c) for c in folded)


def letters(prompt: str, breaks: frozenset[int]) -> tuple[str, list[int]]:
    """The prompt's letters folded, a space put in before each index of `breaks`; and each one's origin."""
    chars: list[str] = []
    origin: list[int] = []
    for index, char in enumerate(prompt):
        if index in breaks:
            chars.append(" ")
            origin.append(index)
        for c in char.lower() if char.isascii() else _fold(char):
            chars.append(c)
            origin.append(index)
    for i, c in enumerate(chars):
        joins = c in "-_" and 0 < i < len(chars) - 1 and chars[i - 1].isalnum() and chars[i + 1].isalpha()
        if joins or c in "\t\r":
            chars[i] = " "
    return "".join(chars), origin
